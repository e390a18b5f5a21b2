/** What was sent within one period, and when the next may be. */
export interface SlidingWindow {
  record(sentAt: number): void;
  /**
   * When one more may be sent after `ahead` others that go first; not later than `nowAt` when that is now. An estimate
   * when the others alone fill the period.
   */
  freeAt(nowAt: number, ahead: number): number;
}

/** Forgotten times are cut off the list when they are that many, and the greater part of it. */
const fewForgotten = 1_000;

/**
 * At most `calls` sends in any stretch of a period's length, wherever it begins: call i goes no sooner than a period after
 * call i - N. A bucket that refills as time passes would let its whole content and its refill through within one period,
 * twice the rate, and upstreams that count then throttle. Remembers the sends of one period only, so that a high limit
 * takes no memory until it is used.
 */
export function createSlidingWindow(calls: number, periodMs: number): SlidingWindow {
  /** In order. */
  let times: number[] = [];
  let forgotten = 0;

  function forgetBefore(nowAt: number): void {
    // The clock was set back: what was sent then is unknown now, and must not block the account until that time comes.
    if ((times.at(-1) ?? nowAt) > nowAt) forgotten = times.length;
    while (forgotten < times.length && (times[forgotten] ?? 0) + periodMs <= nowAt) forgotten += 1;
    if (forgotten > fewForgotten && forgotten > times.length / 2) {
      times = times.slice(forgotten);
      forgotten = 0;
    }
  }

  return {
    record: (sentAt) => void times.push(sentAt),
    freeAt(nowAt, ahead) {
      forgetBefore(nowAt);
      const sent = times.length - forgotten;
      const excess = sent + ahead + 1 - calls;
      if (excess <= 0) return nowAt;
      const makesRoom = times[forgotten + excess - 1];
      return makesRoom === undefined ? nowAt + Math.ceil((excess - sent) / calls) * periodMs : makesRoom + periodMs;
    },
  };
}
