import { collectSecrets } from "./config/collect-secrets.ts";
import type { Config } from "./config/load-config.ts";
import type { OutboundMetrics } from "./http/outbound.ts";
import { type OpenAccount, openAccounts } from "./open-accounts.ts";
import type { Provider } from "./providers/provider.ts";
import type { Problem, ProblemCode } from "./tasks/problem.ts";

export interface LiveCheck {
  readonly account: string;
  /** Null when the account's credentials were accepted. */
  readonly problem: string | null;
}

/** Problems that speak about the account; the others speak about the task that was asked for, which does not exist. */
const accountProblems: ReadonlySet<ProblemCode> = new Set([
  "AUTH_FAILED",
  "FORBIDDEN",
  "RATE_LIMITED",
  "TIMEOUT",
  "UPSTREAM_UNAVAILABLE",
  "UPSTREAM_MALFORMED",
]);

const deadlineMs = 8_000;

/** Asks each account once for a task that no one has, which shows whether its address and credentials are good. */
export async function validateLive(
  config: Config,
  { now, random }: { now(): number; random(): number },
): Promise<LiveCheck[]> {
  const accounts = openAccounts(config.accounts, {
    secrets: collectSecrets(config),
    metrics: noMetrics,
    log: { info: () => undefined, warn: () => undefined },
    now,
    random,
  });
  const checks = await Promise.all([...accounts.values()].map((account) => checkAccount(account, now)));
  await Promise.all([...accounts.values()].map((account) => account.close()));
  return checks;
}

const noMetrics: OutboundMetrics = {
  upstreamAttempt: () => undefined,
  upstreamRepeat: () => undefined,
  upstreamThrottled: () => undefined,
  upstreamWithheld: () => undefined,
  breakerChange: () => undefined,
  concurrencyLimit: () => undefined,
};

async function checkAccount(account: OpenAccount, now: () => number): Promise<LiveCheck> {
  const { name, provider } = account.configured;
  const { scope, localId } = parseProbeId(provider);
  const answer = await account.client.fetchTasks({
    read: provider.reads[0].name,
    localIds: [localId],
    scope,
    facets: new Set(),
    limits: { signal: AbortSignal.timeout(deadlineMs), deadlineAt: now() + deadlineMs },
  });
  if (answer.kind === "answered" || !speaksAboutAccount(answer.problem)) return { account: name, problem: null };
  const { code, message, upstreamCode } = answer.problem;
  return { account: name, problem: `${code}${upstreamCode === null ? "" : ` ${upstreamCode}`}: ${message}` };
}

/** A refusal without a code of the vendor's, such as a bare 404, may come from anybody: the address may be wrong. */
function speaksAboutAccount({ code, upstreamCode }: Problem): boolean {
  return accountProblems.has(code) || (code === "UPSTREAM_ERROR" && upstreamCode === null);
}

function parseProbeId(provider: Provider): { readonly scope: string; readonly localId: string } {
  const parsed = provider.parseUpstreamId(provider.probeId);
  if (!parsed) throw new Error(`The probe id of ${provider.id} does not keep its own grammar`);
  return parsed;
}
