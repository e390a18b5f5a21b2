import type { Facet, ProviderRead } from "../providers/provider.ts";
import { evenChunks } from "./even-chunks.ts";
import type { WantedTask } from "./partition.ts";

/** One upstream call to make. */
export interface PlannedCall {
  readonly read: ProviderRead;
  readonly localIds: readonly string[];
  /** What its tasks are wanted for, as far as this read brings it. */
  readonly facets: ReadonlySet<Facet>;
}

export type Reads = readonly [ProviderRead, ...ProviderRead[]];

/**
 * The fewest calls that bring all that is wanted of the tasks of one partition. A task goes to every read that brings one
 * of its facets, and to the plain read when none does; every read tells the status, so no task needs the plain read
 * besides. Tasks that want no more than the status ride along with a costlier read that takes as many ids.
 */
export function planCalls(wanted: readonly WantedTask[], reads: Reads): PlannedCall[] {
  const [plain] = reads;
  const lanes = reads.map((read) => ({ read, tasks: wanted.filter((task) => wants(task, read)) }));
  const modest = wanted.filter((task) => !reads.some((read) => wants(task, read)));
  const host = lanes.find(({ read, tasks }) => tasks.length > 0 && read.maxIdsPerCall === plain.maxIdsPerCall);
  return lanes.flatMap((lane, index) => {
    const isHost = host ? lane === host : index === 0;
    return planLane(isHost ? [...modest, ...lane.tasks] : lane.tasks, lane.read, plain);
  });
}

/** A call in which nobody wants more than the status is a plain one. */
function planLane(tasks: readonly WantedTask[], laneRead: ProviderRead, plain: ProviderRead): PlannedCall[] {
  return evenChunks(tasks, laneRead.maxIdsPerCall).map((chunk) => {
    const read = chunk.some((task) => wants(task, laneRead)) ? laneRead : plain;
    return {
      read,
      localIds: chunk.map(({ localId }) => localId),
      facets: new Set(read.brings.filter((facet) => chunk.some(({ facets }) => facets.has(facet)))),
    };
  });
}

function wants({ facets }: WantedTask, { brings }: ProviderRead): boolean {
  return brings.some((facet) => facets.has(facet));
}
