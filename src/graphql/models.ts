import type { GraphQLError } from "graphql";
import type { LoadedTask, TaskReading } from "../loaders/task-loaders.ts";
import type { ObservationSource } from "../tasks/outcome.ts";
import type { Problem } from "../tasks/problem.ts";
import type { EpochMs, RawStatus, TaskReference, TaskState } from "../tasks/task.ts";
import { problemError } from "./errors.ts";
import type { TaskType, TaskTypes } from "./task-type.ts";

/**
 * What the graph's fields are read from: plain objects whose properties are named as the fields, so that no field needs a
 * resolver of its own. Further properties of a task are the fields of its provider's type.
 */
export interface TaskModel extends TaskIdentityModel, Omit<TaskState, "elapsedSeconds"> {
  readonly elapsedSeconds: number | null;
  readonly observation: ObservationModel;
  readonly pollAfter: EpochMs | null;
}

/** A task of which nothing is known but its id. */
export interface TaskIdentityModel {
  readonly __typename: string;
  readonly id: string;
  readonly provider: string;
  readonly account: string;
  readonly upstreamId: string;
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
}

export function identityModel(reference: TaskReference): TaskIdentityModel {
  const { id, provider, account, upstreamId, typename } = reference;
  return { __typename: typename, id, provider, account, upstreamId };
}

export function taskModel(
  reference: TaskReference,
  reading: TaskReading,
  taskTypes: TaskTypes,
  now: EpochMs,
): TaskModel {
  const { state, observedAt, source, pollAfterAt, missing } = reading;
  const model: TaskModel = {
    // Only the first spread of a literal is copied as fast as a plain object; this runs for every task of every answer.
    ...state,
    __typename: reference.typename,
    id: reference.id,
    provider: reference.provider,
    account: reference.account,
    upstreamId: reference.upstreamId,
    elapsedSeconds: elapsedSeconds(state, now),
    observation: {
      observedAt,
      ageMs: Math.max(0, now - observedAt),
      source,
      stale: false,
      problem: null,
    },
    pollAfter: pollAfterAt,
  };
  return missing.size === 0
    ? model
    : { ...model, ...errorsOfMissing(missing, state, taskTypes.get(reference.typename)) };
}

/** A field that could not be had is null with an error at its own place; the executor makes that of an error as value. */
function errorsOfMissing(
  missing: TaskReading["missing"],
  state: TaskState,
  type: TaskType | undefined,
): Record<string, GraphQLError> {
  const errors: Record<string, GraphQLError> = {};
  for (const [facet, problem] of missing) {
    for (const field of type?.facets[facet] ?? []) {
      const isTold = (state as unknown as Readonly<Record<string, unknown>>)[field] != null;
      if (!isTold) errors[field] = problemError(problemModel(problem));
    }
  }
  return errors;
}

export function problemModel({ retryAfterAt, ...problem }: Problem): ProblemModel {
  return { ...problem, retryAfter: retryAfterAt };
}

export function lookupModel(
  requestedId: string,
  reference: TaskReference,
  loaded: LoadedTask,
  taskTypes: TaskTypes,
  now: EpochMs,
): LookupModel {
  const { id } = reference;
  if (loaded.kind === "problem") return problemLookup(requestedId, id, loaded.problem);
  return { requestedId, id, task: taskModel(reference, loaded, taskTypes, now), problem: null };
}

export function problemLookup(requestedId: string, id: string | null, problem: Problem): LookupModel {
  return { requestedId, id, task: null, problem: problemModel(problem) };
}

/** What GraphQL's `Int` can hold: 68 years of seconds. */
const largestInt = 2_147_483_647;

/** A task that ended at a time nobody tells has no known duration. */
function elapsedSeconds(state: TaskState, now: EpochMs): number | null {
  if (state.elapsedSeconds !== null) return state.elapsedSeconds;
  const endedAt = state.finishedAt ?? (state.isTerminal ? null : now);
  if (state.startedAt === null || endedAt === null) return null;
  const seconds = Math.max(0, Math.floor((endedAt - state.startedAt) / 1000));
  return seconds <= largestInt ? seconds : null;
}
