import type { CallLimits } from "../providers/provider.ts";
import type { Outcome } from "../tasks/outcome.ts";
import type { EpochMs } from "../tasks/task.ts";
import type { Waiter } from "./pending-task.ts";

/** The keys of one operation, by index, and what has come of them so far. */
export interface Inquiry {
  readonly deadlineAt: EpochMs;
  /** A key that is still waiting by then is refused: the answer would hardly be in time. */
  readonly startBy: EpochMs;
  readonly startWithinMs: number;
  readonly outcomes: (Outcome | undefined)[];
  /** What each unanswered key waits with. */
  readonly waiters: (Waiter | undefined)[];
  unanswered: number;
  /** Runs while keys wait that were left behind. */
  patience?: NodeJS.Timeout;
  /** Called once, when the last key is answered. */
  readonly finish: () => void;
}

/** Beyond this part of its time an operation's key does not wait for its turn. */
const startWithinShare = 1 / 4;

export function createInquiry(keys: number, { deadlineAt }: CallLimits, now: EpochMs, finish: () => void): Inquiry {
  const startWithinMs = Math.max(0, deadlineAt - now) * startWithinShare;
  return {
    deadlineAt,
    startBy: now + startWithinMs,
    startWithinMs,
    outcomes: new Array<Outcome | undefined>(keys),
    waiters: new Array<Waiter | undefined>(keys),
    unanswered: keys,
    finish,
  };
}

/** Each key is answered once; whatever comes later is for others. */
export function answerKey(inquiry: Inquiry, index: number, outcome: Outcome): void {
  if (inquiry.outcomes[index] !== undefined) return;
  inquiry.outcomes[index] = outcome;
  inquiry.waiters[index] = undefined;
  inquiry.unanswered -= 1;
  if (inquiry.unanswered === 0) inquiry.finish();
}
