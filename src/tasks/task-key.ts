import type { EpochMs, TaskReference } from "./task.ts";

/** One question: a task, and which of its costlier parts are wanted. */
export interface TaskKey {
  readonly reference: TaskReference;
  readonly facets: ReadonlySet<string>;
}

/** How long whoever asks waits for the answer. */
export interface AskLimits {
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
  readonly deadlineAt: EpochMs;
}
