import { createHealthRecord } from "./batching/account-health.ts";
import type { BatchedAccount } from "./batching/batching.ts";
import type { ConfiguredAccount } from "./config/load-config.ts";
import { createCredentialStore } from "./http/credential-store.ts";
import { createOutbound, type OutboundOptions } from "./http/outbound.ts";
import type { RateLimit } from "./http/rate-windows.ts";
import type { SharedRate } from "./http/shared-rate.ts";
import type { SharedTokens } from "./http/shared-tokens.ts";
import type { Provider, ProviderRead } from "./providers/provider.ts";
import { redactAnswers } from "./providers/shared/redact-answers.ts";
import { createTextRedactor } from "./telemetry/redaction.ts";

/** A configured account with its way out. */
export interface OpenAccount extends BatchedAccount {
  readonly configured: ConfiguredAccount;
  close(): Promise<void>;
}

export interface OpenAccountsOptions extends Pick<OutboundOptions, "metrics" | "log" | "now" | "random"> {
  /** Every configured secret: none is shown, whatever an upstream echoes. */
  readonly secrets: readonly string[];
  /** Where there are none, this replica fetches its own. */
  readonly sharedTokens?: SharedTokens | undefined;
  /** The sends of an account that has a rate limit, counted over all replicas. */
  readonly sharedRate?: ((account: ConfiguredAccount, limit: RateLimit) => SharedRate) | undefined;
}

/** Beyond that, more calls at once are rather a burden than a help, unless an account says otherwise. */
const maxConcurrency = 32;

/** Opens no socket until an account is asked for something. */
export function openAccounts(
  accounts: readonly ConfiguredAccount[],
  { secrets, metrics, log, now, random, sharedTokens, sharedRate }: OpenAccountsOptions,
): Map<string, OpenAccount> {
  const credentials = createCredentialStore(now, sharedTokens);
  const redact = createTextRedactor(secrets, () => credentials.knownTokens());

  function open(configured: ConfiguredAccount): OpenAccount {
    const { provider, options: account } = configured;
    const { send, sendForCredentials, admission, close } = createOutbound({
      provider: provider.id,
      account: configured.name,
      attemptTimeoutMs: account.timeoutMs ?? provider.limits.attemptTimeoutMs,
      startConcurrency: provider.limits.startConcurrency,
      maxConcurrency: account.maxConcurrentCalls ?? maxConcurrency,
      rateLimit: account.rateLimit ?? {},
      sharedRate: account.rateLimit && sharedRate?.(configured, account.rateLimit),
      metrics,
      log,
      now,
      random,
    });
    return {
      configured,
      provider: provider.id,
      client: redactAnswers(
        provider.createClient(account, { send, sendForCredentials, now, random, credentials }),
        redact,
      ),
      reads: lowerLimits(provider.reads, account.maxIdsPerCall),
      health: createHealthRecord(admission),
      maxWaitingIds: account.maxWaitingIds,
      admission,
      close,
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
