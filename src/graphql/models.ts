import type { LoadedTask, TaskReading } from "../loaders/task-loaders.ts";
import type { ObservationSource } from "../tasks/outcome.ts";
import type { Problem } from "../tasks/problem.ts";
import type { EpochMs, RawStatus, TaskReference } from "../tasks/task.ts";

/** What the graph's fields are read from. Properties are named as the fields; only a task's fields have resolvers. */
export interface TaskModel extends TaskIdentityModel {
  readonly reading: TaskReading;
  /** The moment that all of one answer is told for. */
  readonly now: EpochMs;
}

/** A task of which nothing is known but its id. */
export interface TaskIdentityModel {
  readonly __typename: string;
  readonly reference: TaskReference;
}

export type RawStatusModel = RawStatus;

export interface ObservationModel {
  readonly observedAt: EpochMs;
  readonly ageMs: number;
  readonly source: ObservationSource;
  readonly stale: boolean;
  readonly problem: ProblemModel | null;
}

export interface ProblemModel extends Omit<Problem, "retryAfterAt"> {
  readonly retryAfter: EpochMs | null;
}

export interface LookupModel {
  readonly requestedId: string;
  /** Canonical; null when the requested id makes no sense. */
  readonly id: string | null;
  readonly task: TaskModel | TaskIdentityModel | null;
  readonly problem: ProblemModel | null;
}

export interface SetModel {
  readonly lookups: readonly LookupModel[];
  /** When it was told. */
  readonly now: EpochMs;
}

export function identityModel(reference: TaskReference): TaskIdentityModel {
  return { __typename: reference.typename, reference };
}

export function problemModel({ retryAfterAt, ...problem }: Problem): ProblemModel {
  return { ...problem, retryAfter: retryAfterAt };
}

export function lookupModel(
  requestedId: string,
  reference: TaskReference,
  loaded: LoadedTask,
  now: EpochMs,
): LookupModel {
  const { id, typename } = reference;
  if (loaded.kind === "problem") return problemLookup(requestedId, id, loaded.problem);
  const task: TaskModel = { __typename: typename, reference, reading: loaded, now };
  return { requestedId, id, task, problem: loaded.problem && problemModel(loaded.problem) };
}

export function problemLookup(requestedId: string, id: string | null, problem: Problem): LookupModel {
  return { requestedId, id, task: null, problem: problemModel(problem) };
}
