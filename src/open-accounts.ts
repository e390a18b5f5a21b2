import { createHealthRecord } from "./batching/account-health.ts";
import type { BatchedAccount } from "./batching/batching.ts";
import type { ConfiguredAccount } from "./config/load-config.ts";
import { createConnections } from "./http/connections.ts";
import { createCredentialStore } from "./http/credential-store.ts";
import { createSender } from "./http/sender.ts";
import type { Provider, ProviderRead } from "./providers/provider.ts";
import { redactAnswers } from "./providers/shared/redact-answers.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import { createTextRedactor } from "./telemetry/redaction.ts";

/** A configured account with its way out. */
export interface OpenAccount extends BatchedAccount {
  readonly configured: ConfiguredAccount;
  close(): Promise<void>;
}

export interface OpenAccountsOptions {
  /** Every configured secret, longest first: none is shown, whatever an upstream echoes. */
  readonly secrets: readonly string[];
  readonly metrics: Pick<Metrics, "upstreamAttempt">;
  now(): number;
  random(): number;
}

/** Opens no socket until an account is asked for something. */
export function openAccounts(
  accounts: readonly ConfiguredAccount[],
  { secrets, metrics, now, random }: OpenAccountsOptions,
): Map<string, OpenAccount> {
  const credentials = createCredentialStore(now);
  const redact = createTextRedactor(() => [...secrets, ...credentials.knownTokens()]);

  function open(configured: ConfiguredAccount): OpenAccount {
    const { provider, options: account } = configured;
    const maxConcurrentCalls = account.maxConcurrentCalls ?? provider.limits.maxConcurrentCalls;
    const dispatcher = createConnections(maxConcurrentCalls);
    const send = createSender({
      provider: provider.id,
      dispatcher,
      attemptTimeoutMs: account.timeoutMs ?? provider.limits.attemptTimeoutMs,
      maxConcurrentCalls,
      metrics,
      now,
      random,
    });
    return {
      configured,
      provider: provider.id,
      client: redactAnswers(provider.createClient(account, { send, now, random, credentials }), redact),
      reads: lowerLimits(provider.reads, account.maxIdsPerCall),
      health: createHealthRecord(now),
      close: () => dispatcher.destroy(),
    };
  }

  return new Map(accounts.map((configured) => [configured.name, open(configured)]));
}

function lowerLimits([plain, ...others]: Provider["reads"], limit = Number.POSITIVE_INFINITY): Provider["reads"] {
  const lower = (read: ProviderRead): ProviderRead => ({
    ...read,
    maxIdsPerCall: Math.min(read.maxIdsPerCall, limit),
  });
  return [lower(plain), ...others.map(lower)];
}
