import { type GraphQLError, type GraphQLSchema, isObjectType } from "graphql";
import type { EpochMs, TaskReference, TaskState } from "../tasks/task.ts";
import { pageOf } from "./connection.ts";
import { problemError } from "./errors.ts";
import { type ObservationModel, problemModel, type TaskIdentityModel, type TaskModel } from "./models.ts";
import type { TaskType, TaskTypes } from "./task-type.ts";

type ReadField = (task: TaskModel, args: Readonly<Record<string, unknown>>) => unknown;

/**
 * Gives the fields of all task types their resolvers. Most are properties of a task's state: read where they stand, they
 * need not be copied for each request.
 *
 * @throws when a task type is not in the schema: every task of it would fail, one query at a time
 */
export function resolveTaskFields(schema: GraphQLSchema, taskTypes: TaskTypes): void {
  for (const taskType of taskTypes.values()) {
    const type = schema.getType(taskType.typename);
    if (!isObjectType(type)) throw new Error(`No file in schema/providers defines ${taskType.typename}`);
    for (const field of Object.values(type.getFields())) field.resolve = readerOf(field.name, taskType);
  }
}

function readerOf(field: string, { facets, pagedLists }: TaskType): ReadField {
  const facet = Object.keys(facets).find((name) => facets[name]?.includes(field));
  const readTold = ownReaders.get(field) ?? ((task) => toldField(task, field));
  const read: ReadField =
    facet === undefined ? readTold : (task, args) => errorOfMissing(task, field, facet) ?? readTold(task, args);
  const filter = pagedLists[field];
  if (!filter) return read;
  return (task, args) => {
    const entries = read(task, args);
    return Array.isArray(entries) ? pageOf(entries, args, filter) : entries;
  };
}

/** Fields of a provider's own type are further properties of its states. */
function toldField({ reading: { state } }: TaskModel, field: string): unknown {
  return (state as unknown as Readonly<Record<string, unknown>>)[field];
}

/** Fields that are not simply told by the provider. */
const ownReaders: ReadonlyMap<string, ReadField> = new Map<string, ReadField>([
  ...(["id", "provider", "account", "upstreamId"] as const).map((field) => [field, identityReader(field)] as const),
  ["elapsedSeconds", ({ reading, now }) => elapsedSeconds(reading.state, now)],
  ["observation", observationOf],
  ["pollAfter", ({ reading }) => reading.pollAfterAt],
]);

function identityReader(field: keyof TaskReference): (task: TaskIdentityModel) => string {
  return ({ reference }) => reference[field];
}

/** A field that could not be had is null with an error at its own place; the executor makes that of an error as value. */
function errorOfMissing(task: TaskModel, field: string, facet: string): GraphQLError | null {
  const problem = task.reading.missing.get(facet);
  return problem && toldField(task, field) == null ? problemError(problemModel(problem)) : null;
}

function observationOf({ reading: { observedAt, source, problem }, now }: TaskModel): ObservationModel {
  return {
    observedAt,
    ageMs: Math.max(0, now - observedAt),
    source,
    stale: problem !== null,
    problem: problem && problemModel(problem),
  };
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
