import type { Token } from "../../http/credential-store.ts";
import type { CallLimits, FailedCall } from "../provider.ts";
import { refuse } from "./refusal.ts";

const tokenFetchMs = 8_000;

/** Time for fetching a token. Its own, because the fetch serves every waiter and outlives the one that began it. */
export function tokenFetchLimits(now: () => number): CallLimits {
  return { signal: new AbortController().signal, deadlineAt: now() + tokenFetchMs };
}

/**
 * Waits for a token no longer than this call may take. A waiter that leaves, or runs out of time, gets TIMEOUT; the
 * fetch goes on for the others.
 */
export async function waitForToken<Refusal>(
  fetching: Promise<Token | { readonly refusal: Refusal }>,
  limits: CallLimits,
  upstream: string,
  now: () => number,
): Promise<Token | { readonly refusal: Refusal | FailedCall }> {
  const waiting = startWaiting(limits, now);
  try {
    const token = await Promise.race([fetching, waiting.over]);
    return token ?? { refusal: refuse({ code: "TIMEOUT" }, { upstream, now: now() }).value };
  } finally {
    waiting.stop();
  }
}

/**
 * `over` resolves when the signal is aborted or the time is up, whichever is first. A deadline that has moved meanwhile is
 * waited for.
 */
function startWaiting(limits: CallLimits, now: () => number): { over: Promise<undefined>; stop: () => void } {
  const { signal } = limits;
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const end = (): void => resolve(undefined);
  let awaitedDeadlineAt = limits.deadlineAt;
  const timeUp = (): void => {
    const moreMs = limits.deadlineAt - awaitedDeadlineAt;
    awaitedDeadlineAt += moreMs;
    if (moreMs > 0) timer = setTimeout(timeUp, moreMs);
    else end();
  };
  let timer = setTimeout(timeUp, Math.max(0, awaitedDeadlineAt - now()));
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  return {
    over,
    stop: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    },
  };
}
