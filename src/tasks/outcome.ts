import type { Problem } from "./problem.ts";
import type { EpochMs, TaskState } from "./task.ts";

/** What looking one task up came to. */
export type Outcome = FoundOutcome | ProblemOutcome;

export interface FoundOutcome {
  readonly kind: "found";
  readonly state: TaskState;
  /** When the upstream gave the answer. */
  readonly observedAt: EpochMs;
}

export interface ProblemOutcome {
  readonly kind: "problem";
  readonly problem: Problem;
}
