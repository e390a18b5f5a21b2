/** The time as an upstream sees it, for signatures that it refuses when our clock is off. */
export interface ServerClock {
  /** Epoch milliseconds. */
  now(): number;
  /**
   * Compares a refusing answer's `Date` header with the time that was signed, not with the clock of now: another answer
   * may have corrected it since. The clock is corrected where it differs.
   *
   * @returns true when they differed by more than the tolerance, so that one more try makes sense
   */
  learn(dateHeader: string | undefined, signedAt: number): boolean;
}

/** A machine's clock is not that far off: such a `Date` is a mistake of the upstream, or of something on the way. */
const mostBelievedMs = 24 * 60 * 60_000;

export function createServerClock(now: () => number, toleranceMs: number): ServerClock {
  let offsetMs = 0;
  return {
    now: () => now() + offsetMs,
    learn(dateHeader, signedAt) {
      const serverAt = Date.parse(dateHeader ?? "");
      const serverOffsetMs = serverAt - now();
      if (Number.isNaN(serverAt) || Math.abs(serverOffsetMs) > mostBelievedMs) return false;
      if (Math.abs(serverOffsetMs - offsetMs) > toleranceMs) offsetMs = serverOffsetMs;
      return Math.abs(serverAt - signedAt) > toleranceMs;
    },
  };
}
