/** The time as an upstream sees it, for signatures that it refuses when our clock is off. */
export interface ServerClock {
  /** Epoch milliseconds. */
  now(): number;
  /**
   * Compares a refusing answer's `Date` header with this clock.
   *
   * @returns true when they differed by more than the tolerance: the clock is corrected, and one more try makes sense
   */
  learn(dateHeader: string | undefined): boolean;
}

export function createServerClock(now: () => number, toleranceMs: number): ServerClock {
  let offsetMs = 0;
  return {
    now: () => now() + offsetMs,
    learn(dateHeader) {
      const serverAt = Date.parse(dateHeader ?? "");
      if (Number.isNaN(serverAt) || Math.abs(serverAt - (now() + offsetMs)) <= toleranceMs) return false;
      offsetMs = serverAt - now();
      return true;
    },
  };
}
