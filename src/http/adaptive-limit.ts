/** How many calls of an account may be under way together, by how its attempts fare. */
export interface AdaptiveLimit {
  /** @returns false when no place is free */
  take(): boolean;
  giveBack(): void;
  /** An attempt begins. Its end is told once; an end that says nothing about the load need not be. */
  begin(): AttemptLoad;
  current(): number;
}

export interface AttemptLoad {
  clean(): void;
  /** Timed out, or the upstream is out of order. */
  troubled(): void;
  throttled(): void;
}

export interface AdaptiveLimitOptions {
  readonly start: number;
  /** At least 1. */
  readonly max: number;
  changed(limit: number): void;
}

const troubledFactor = 0.9;
const throttledFactor = 0.5;

/**
 * One more place after each round, which is as many clean attempts as there are places, if all places were taken at some
 * time of it: a limit that nobody reaches proves nothing. Fewer at once in trouble.
 *
 * What is under way together meets the same trouble, so attempts that began before a cut do not cut again, nor do they
 * count towards the next round; only a heavier cut still takes the place of the last.
 */
export function createAdaptiveLimit({ start, max, changed }: AdaptiveLimitOptions): AdaptiveLimit {
  let limit = Math.min(start, max);
  let taken = 0;
  let cleanInRound = 0;
  let wasReached = false;
  let cuts = 0;
  let lastCut = { from: limit, factor: 1 };

  const current = (): number => Math.max(1, Math.floor(limit));

  function setLimit(next: number): void {
    const before = current();
    limit = Math.min(max, Math.max(1, next));
    cleanInRound = 0;
    wasReached = taken >= current();
    if (current() !== before) changed(current());
  }

  function cut(factor: number, cutsBefore: number): void {
    if (cutsBefore === cuts) {
      lastCut = { from: limit, factor };
      cuts += 1;
    } else if (cutsBefore === cuts - 1 && factor < lastCut.factor) lastCut = { ...lastCut, factor };
    else return;
    setLimit(lastCut.from * lastCut.factor);
  }

  function countClean(): void {
    cleanInRound += 1;
    if (cleanInRound >= current()) setLimit(wasReached ? limit + 1 : limit);
  }

  return {
    take() {
      if (taken >= current()) return false;
      taken += 1;
      wasReached ||= taken >= current();
      return true;
    },
    giveBack() {
      taken -= 1;
    },
    begin() {
      const cutsBefore = cuts;
      return {
        clean: () => {
          if (cutsBefore === cuts) countClean();
        },
        troubled: () => cut(troubledFactor, cutsBefore),
        throttled: () => cut(throttledFactor, cutsBefore),
      };
    },
    current,
  };
}
