import { GraphQLError, type GraphQLResolveInfo } from "graphql";
import type { Context } from "./context.ts";
import { badInputError, problemError } from "./errors.ts";
import type { LookupTasks } from "./lookup-tasks.ts";
import type { LookupModel, TaskIdentityModel } from "./models.ts";
import { readParts } from "./selection.ts";
import type { TaskTypes } from "./task-type.ts";

type Entity = TaskIdentityModel | GraphQLError | null;

/** What a representation refers to, or why it refers to nothing. */
type ReadRepresentation = { readonly typename: string; readonly id: string } | GraphQLError;

/**
 * Answers `_entities` for the whole list at once. The library's own resolver makes a promise for each representation and
 * lets one malformed representation fail them all; here it costs only its own place. A task that does not exist is null;
 * trouble is null with an error at its place.
 */
export function createEntitiesResolver(lookupTasks: LookupTasks, taskTypes: TaskTypes) {
  return async (
    _root: unknown,
    { representations }: { readonly representations: readonly unknown[] },
    context: Context,
    info: GraphQLResolveInfo,
  ): Promise<Entity[]> => {
    const read = representations.map((representation) => readRepresentation(representation, taskTypes));
    const ids = read.map((result) => (result instanceof GraphQLError ? null : result.id));
    const asked = ids.filter((id) => id !== null);
    // Representations that make no sense count, too: each costs an error of its own.
    context.budget.take(representations.length - asked.length);
    const lookups = await lookupTasks(asked, context, readParts(info, info.fieldNodes, taskTypes));
    let next = 0;
    return read.map((result) => {
      if (result instanceof GraphQLError) return result;
      const lookup = lookups[next];
      next += 1;
      return lookup ? entityOf(lookup, result.typename) : null;
    });
  };
}

/** Other subgraphs write `BatchTask`, or the concrete type when they declare it. */
function readRepresentation(value: unknown, taskTypes: TaskTypes): ReadRepresentation {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return badInputError("A representation must be an object with __typename and id.");
  }
  const { __typename: typename, id } = value as Readonly<Record<string, unknown>>;
  if (typeof typename !== "string" || (typename !== "BatchTask" && !taskTypes.has(typename))) {
    return badInputError("A representation's __typename must be BatchTask or one of its implementations.");
  }
  if (typeof id !== "string") return badInputError("A representation's id must be a text.");
  return { typename, id };
}

function entityOf({ task, problem }: LookupModel, typename: string): Entity {
  if (!task && problem) return problem.code === "NOT_FOUND" ? null : problemError(problem);
  if (!task || typename === "BatchTask" || task.__typename === typename) return task;
  return badInputError(`The id belongs to a ${task.__typename}, not to a ${typename}.`);
}
