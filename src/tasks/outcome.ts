import type { Problem } from "./problem.ts";
import type { EpochMs, TaskState } from "./task.ts";

/** What looking one task up came to. */
export type Outcome = FoundOutcome | ProblemOutcome;

/** Where an answer comes from, as in the schema's enum. */
export type ObservationSource = "UPSTREAM" | "SHARED_IN_FLIGHT";

export interface FoundOutcome {
  readonly kind: "found";
  readonly state: TaskState;
  /** When the upstream gave the answer; the latest of several. */
  readonly observedAt: EpochMs;
  readonly source: ObservationSource;
  /** Costlier parts that were wanted and could not be had, by facet. Their fields in `state` say nothing. */
  readonly missing: ReadonlyMap<string, Problem>;
}

export interface ProblemOutcome {
  readonly kind: "problem";
  readonly problem: Problem;
}

export const nothingMissing: ReadonlyMap<string, Problem> = new Map();

/** What one of several reads of a task came to, and what it was to bring. */
export interface PartialOutcome {
  readonly outcome: Outcome;
  readonly facets: ReadonlySet<string>;
}

/**
 * Puts together what several reads told of one task. What one leaves empty another may fill; where they differ, and for
 * how the task is doing, the newest speaks. A read that failed leaves its facets missing; the task is a problem only when
 * no read told of it.
 */
export function mergeOutcomes(parts: readonly [PartialOutcome, ...PartialOutcome[]]): Outcome {
  const [first, ...others] = parts;
  if (others.length === 0) return first.outcome;
  const found = parts.map(({ outcome }) => outcome).filter((outcome) => outcome.kind === "found");
  const [newest, ...older] = found.toSorted((left, right) => right.observedAt - left.observedAt);
  if (!newest) return first.outcome;
  const missing = new Map(newest.missing);
  for (const { outcome, facets } of parts) {
    if (outcome.kind === "problem") for (const facet of facets) missing.set(facet, outcome.problem);
  }
  const state = older.reduce((newer, { state }) => fillGaps(newer, state), newest.state);
  return { ...newest, state, missing };
}

/**
 * What belongs to a status, and must not outlive it: a task that is running again has
 * neither ended nor failed, and one that has ended is no longer half done.
 */
const fieldsOfStatus = ["finishedAt", "failure", "progress"] as const;

function fillGaps(newer: TaskState, older: TaskState): TaskState {
  const isSameStatus = newer.rawStatus.value === older.rawStatus.value;
  const filled: Record<string, unknown> = { ...older };
  if (!isSameStatus) for (const field of fieldsOfStatus) filled[field] = null;
  for (const [field, value] of Object.entries(newer)) if (value !== null) filled[field] = value;
  return filled as unknown as TaskState;
}
