import type { Facet } from "../providers/provider.ts";
import type { TaskReference } from "../tasks/task.ts";

/** One question: a task, and which of its costlier parts are wanted. */
export interface TaskKey {
  readonly reference: TaskReference;
  readonly facets: ReadonlySet<Facet>;
}

/** What may share one upstream call: the same credentials and the same scope. */
export interface Partition {
  readonly account: string;
  readonly scope: string;
  /** Distinct ids, each with all that is wanted of it, in a stable order. */
  readonly wanted: readonly WantedTask[];
}

export interface WantedTask {
  readonly localId: string;
  readonly facets: ReadonlySet<Facet>;
}

/**
 * Sorts keys by account and scope. Equal ids meet here. Ids with equal wishes stand together, so that few calls carry
 * the costlier facets; inside, ids are sorted, so that equal questions make equal calls.
 */
export function partitionKeys(keys: readonly TaskKey[]): Partition[] {
  const partitions = new Map<string, { account: string; scope: string; facetsById: Map<string, Set<Facet>> }>();
  for (const { reference, facets } of keys) {
    const { account, scope, localId } = reference;
    const name = partitionName(reference);
    const partition = partitions.get(name) ?? { account, scope, facetsById: new Map() };
    partitions.set(name, partition);
    const wanted = partition.facetsById.get(localId);
    if (wanted) for (const facet of facets) wanted.add(facet);
    else partition.facetsById.set(localId, new Set(facets));
  }
  return [...partitions.values()].map(({ account, scope, facetsById }) => ({
    account,
    scope,
    wanted: [...facetsById].map(([localId, facets]) => ({ localId, facets })).sort(byWishThenId),
  }));
}

export function partitionName({ account, scope }: Pick<TaskReference, "account" | "scope">): string {
  return `${account}:${scope}`;
}

function byWishThenId(left: WantedTask, right: WantedTask): number {
  return compare(wishOf(left), wishOf(right)) || compare(left.localId, right.localId);
}

function wishOf({ facets }: WantedTask): string {
  return facets.size === 0 ? "" : [...facets].sort().join();
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
