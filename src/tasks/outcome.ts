import type { Problem } from "./problem.ts";
import type { EpochMs, TaskState } from "./task.ts";

/** What looking one task up came to. */
export type Outcome = FoundOutcome | ProblemOutcome;

/** Where an answer comes from, as in the schema's enum. */
export type ObservationSource = "UPSTREAM" | "SHARED_IN_FLIGHT" | "CACHE" | "STALE_CACHE";

/** When an upstream said something, and in answer to which call. */
export interface Told {
  /** When the answer came; the latest of several. */
  readonly observedAt: EpochMs;
  /** Calls that left later have higher numbers, and so has what they tell; the lowest of several. */
  readonly sequence: number;
}

export interface FoundOutcome extends Told {
  readonly kind: "found";
  readonly state: TaskState;
  /** The costlier parts that were asked for and told, whoever wanted them. */
  readonly facets: ReadonlySet<string>;
  readonly source: ObservationSource;
  /** Costlier parts that were wanted and could not be had, by facet. Their fields in `state` say nothing. */
  readonly missing: ReadonlyMap<string, Problem>;
}

export interface ProblemOutcome {
  readonly kind: "problem";
  readonly problem: Problem;
  /** Present when the upstream has said so, and it means that there is nothing to be shown of the task. */
  readonly told?: Told;
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
  if (!newest) return worstOf(parts) ?? first.outcome;
  const missing = new Map(newest.missing);
  for (const { outcome, facets } of parts) {
    if (outcome.kind === "problem") for (const facet of facets) missing.set(facet, outcome.problem);
  }
  return {
    ...newest,
    state: older.reduce((newer, { state }) => fillGaps(newer, state), newest.state),
    facets: older.reduce((union, { facets }) => union.union(facets), newest.facets),
    sequence: Math.min(...found.map(({ sequence }) => sequence)),
    missing,
  };
}

/**
 * Of reads that all failed, one that will not come to anything else says more than one that may; but what is not ours to see
 * may be a part of the task only.
 */
function worstOf(parts: readonly PartialOutcome[]): Outcome | undefined {
  const outcomes = parts.map(({ outcome }) => outcome).filter((outcome) => outcome.kind === "problem");
  const lasting = outcomes.find(({ problem }) => !problem.retryable && problem.code !== "FORBIDDEN");
  return lasting ?? outcomes.find(({ problem }) => problem.code !== "FORBIDDEN");
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
  // It has the fields of both, and both are states of one provider.
  return filled as unknown as TaskState;
}
