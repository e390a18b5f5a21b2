/** How many repeats an account may still make: an upstream in trouble is not asked three times as often. */
export interface RetryBudget {
  /** @returns false when there is not enough left for one more repeat */
  spend(): boolean;
  /** A call succeeded at its first attempt. */
  earn(): void;
}

const capacity = 100;
const costOfRepeat = 10;

/** Ten repeats at once, and one for every ten calls that succeed at once: about 10 % more calls in steady state. */
export function createRetryBudget(): RetryBudget {
  let left = capacity;
  return {
    spend() {
      if (left < costOfRepeat) return false;
      left -= costOfRepeat;
      return true;
    },
    earn() {
      left = Math.min(capacity, left + 1);
    },
  };
}
