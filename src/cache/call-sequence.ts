import type { EpochMs } from "../tasks/task.ts";

/** Numbers upstream calls in the order in which they leave, over all replicas that have read of one another. */
export interface CallSequence {
  /** Higher than any number before, and than any that was witnessed. */
  next(): number;
  /** Another replica has given this number to a call that is over. */
  witness(sequence: number): void;
}

/**
 * A hybrid logical clock: microseconds since 1970, so that numbers of replicas that know nothing of one another are in
 * order as far as their clocks agree, and never lower than what is known, so that a clock that is set back or runs behind
 * does not make new answers older than old ones.
 */
export function createCallSequence(now: () => EpochMs): CallSequence {
  let latest = 0;
  return {
    next() {
      latest = Math.max(latest + 1, now() * 1000);
      return latest;
    },
    witness(sequence) {
      latest = Math.max(latest, sequence);
    },
  };
}
