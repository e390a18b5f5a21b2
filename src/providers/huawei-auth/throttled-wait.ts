import type { RefusalContext } from "../shared/refusal.ts";

/** Vendor advice for a throttled call whose answer names no time. */
const shortestWaitMs = 2_000;
const longestWaitMs = 5_000;

/** How long to wait after "asked too often". */
export function throttledWaitMs(context: Pick<RefusalContext, "retryAfterMs">, random: () => number): number {
  return context.retryAfterMs ?? Math.round(shortestWaitMs + random() * (longestWaitMs - shortestWaitMs));
}
