/** Sends per second and per minute; a missing one is unlimited. */
export interface RateLimit {
  readonly perSecond?: number | undefined;
  readonly perMinute?: number | undefined;
}

/** At most so many sends in any stretch of the period's length. */
export interface RateWindow {
  /** Whole, at least 1. */
  readonly calls: number;
  readonly periodMs: number;
}

/**
 * What is sent at the right distance may arrive a little closer, and the upstream counts arrivals. Enough for the jitter of
 * a network; not for a first call that has to connect, which a cool-down makes good when it comes to that.
 */
const jitterMs = 20;

export function rateWindowsOf({ perSecond, perMinute }: RateLimit): RateWindow[] {
  const limits = [
    { calls: perSecond, periodMs: 1_000 },
    { calls: perMinute, periodMs: 60_000 },
  ];
  return limits.flatMap(({ calls, periodMs }) => (calls === undefined ? [] : [windowOf(calls, periodMs)]));
}

/** Less than one call per period is one call per longer period; parts of a call beyond the first are none. */
function windowOf(calls: number, periodMs: number): RateWindow {
  return { calls: Math.max(1, Math.floor(calls)), periodMs: periodMs / Math.min(1, calls) + jitterMs };
}
