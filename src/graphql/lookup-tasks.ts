import { createProblem, type Problem } from "../tasks/problem.ts";
import type { EpochMs, TaskReference } from "../tasks/task.ts";
import { type AccountDirectory, isTaskReference, parseTaskId } from "../tasks/task-id.ts";
import type { TaskKey } from "../tasks/task-key.ts";
import type { Context } from "./context.ts";
import { identityModel, type LookupModel, lookupModel, problemLookup } from "./models.ts";
import type { PartsOf } from "./selection.ts";

export interface LookupOptions {
  readonly accounts: AccountDirectory;
  /** How many ids one field may ask for. */
  readonly maxIdsPerRequest: number;
  now(): EpochMs;
}

/** Looks tasks up by their public ids. */
export type LookupTasks = (ids: readonly string[], context: Context, partsOf: PartsOf) => Promise<LookupModel[]>;

/** One entry per id, in order, duplicates included. Ids that nobody needs to be asked for cost no call. */
export function createLookupTasks(options: LookupOptions): LookupTasks {
  return async (ids, { loaders, budget, freshness }, partsOf) => {
    budget.take(ids.length);
    const references = ids.map((id, index) => readId(id, index, ids.length, options));
    const keys: TaskKey[] = [];
    /** Where among the keys each id stands; undefined when nobody has to be asked. */
    const places = references.map((reference) => {
      if (!isTaskReference(reference)) return undefined;
      const { needsState, facets } = partsOf(reference.typename);
      return needsState ? keys.push({ reference, facets }) - 1 : undefined;
    });
    const loaded = await loaders.loadTasks(keys);
    const now = options.now();

    function lookup(requestedId: string, reference: TaskReference | Problem, place: number | undefined): LookupModel {
      if (!isTaskReference(reference)) return problemLookup(requestedId, null, reference);
      const task = place === undefined ? undefined : loaded[place];
      if (!task) return { requestedId, id: reference.id, task: identityModel(reference), problem: null };
      if (task.kind === "reading") freshness.limitTo(task.freshUntilAt);
      return lookupModel(requestedId, reference, task, now);
    }

    const lookups = references.map((reference, index) => lookup(ids[index] ?? "", reference, places[index]));
    if (lookups.some(({ problem }) => problem)) freshness.forbid();
    return lookups;
  };
}

function readId(id: string, index: number, count: number, options: LookupOptions): TaskReference | Problem {
  if (index < options.maxIdsPerRequest) return parseTaskId(id, options.accounts);
  const message = `${count} ids were asked for; one request may ask for ${options.maxIdsPerRequest}.`;
  return createProblem("TOO_MANY_IDS", message);
}
