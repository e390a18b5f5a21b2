/** What lately came of an account's calls, as far as it speaks for opening its breaker. */
export interface BreakerRecord {
  succeeded(): void;
  failed(kind: BreakerFailure): void;
  isTooBad(): boolean;
  clear(): void;
}

/**
 * - `lost`: could not connect, was cut off, or timed out
 * - `troubled`: answered that it is out of order
 */
export type BreakerFailure = "lost" | "troubled";

const windowMs = 10_000;
const sliceMs = 100;
const fewestCalls = 20;
const worstShare = 0.5;
const mostLostInARow = 5;

interface Slice {
  readonly beginsAt: number;
  calls: number;
  failures: number;
}

/**
 * Half of at least 20 calls in 10 s, or five in a row that were lost.
 *
 * Cockatiel's `SamplingBreaker` is not used: it drops one of its ten windows with each outcome, so that after a busy time
 * the failures of minutes ago still count when calls are few, and it opens only above the threshold, not at it.
 */
export function createBreakerRecord(): BreakerRecord {
  let slices: Slice[] = [];
  let lostInARow = 0;

  // The clock of the breaker that it is part of.
  function currentSlice(): Slice {
    const nowAt = Date.now();
    // When the clock was set back, those that begin later are of a time that nobody can tell any more.
    const isWithin = ({ beginsAt }: Slice, milliseconds: number): boolean =>
      beginsAt <= nowAt && nowAt - beginsAt < milliseconds;
    const latest = slices.at(-1);
    if (latest && isWithin(latest, sliceMs)) return latest;
    const slice = { beginsAt: nowAt, calls: 0, failures: 0 };
    slices = [...slices.filter((before) => isWithin(before, windowMs)), slice];
    return slice;
  }

  return {
    succeeded() {
      currentSlice().calls += 1;
      lostInARow = 0;
    },
    failed(kind) {
      const slice = currentSlice();
      slice.calls += 1;
      slice.failures += 1;
      lostInARow = kind === "lost" ? lostInARow + 1 : 0;
    },
    isTooBad() {
      if (lostInARow >= mostLostInARow) return true;
      const calls = slices.reduce((sum, slice) => sum + slice.calls, 0);
      const failures = slices.reduce((sum, slice) => sum + slice.failures, 0);
      return calls >= fewestCalls && failures >= calls * worstShare;
    },
    clear() {
      slices = [];
      lostInARow = 0;
    },
  };
}
