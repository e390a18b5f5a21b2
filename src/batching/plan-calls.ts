import type { Facet, ProviderRead } from "../providers/provider.ts";
import { evenChunks } from "./even-chunks.ts";

/** What a plan has to know of a task. */
export interface WantedTask {
  readonly localId: string;
  readonly facets: ReadonlySet<Facet>;
}

/** One upstream call to make. */
export interface PlannedCall<Task extends WantedTask = WantedTask> {
  readonly read: ProviderRead;
  /** Sorted by id, so that equal questions make equal calls. */
  readonly tasks: readonly Task[];
  /** What its tasks are wanted for, as far as this read brings it. */
  readonly facets: ReadonlySet<Facet>;
}

/** Calls that leave together, because some task is told of by several of them. */
export type PlannedGroup<Task extends WantedTask = WantedTask> = readonly [PlannedCall<Task>, ...PlannedCall<Task>[]];

export type Reads = readonly [ProviderRead, ...ProviderRead[]];

export interface PlanRules<Task> {
  /** Cuts tasks into calls. What it leaves out is in no call. */
  readonly chunk: (tasks: readonly Task[], limit: number) => Task[][];
  /** True for a task that must not share a call. */
  isAlone(task: Task): boolean;
}

/**
 * The fewest calls that bring all that is wanted of the tasks of one partition. A task goes to every read that brings one
 * of its facets, and to the plain read when none does; every read tells the status, so no task needs the plain read
 * besides. Tasks that want no more than the status ride along with a costlier read that takes as many ids. Whoever comes
 * first stands first.
 *
 * @param rules default: even calls, and nobody alone
 */
export function planCalls<Task extends WantedTask>(
  wanted: readonly Task[],
  reads: Reads,
  rules?: PlanRules<Task>,
): PlannedGroup<Task>[] {
  const alone = rules ? wanted.filter((task) => rules.isAlone(task)) : [];
  const sociable = rules && alone.length > 0 ? wanted.filter((task) => !rules.isAlone(task)) : wanted;
  const calls = planLanes(sociable, reads, rules?.chunk ?? evenChunks);
  for (const task of alone) calls.push(...planLanes([task], reads, evenChunks));
  return reads.length === 1 ? calls.map((call) => [call]) : groupCalls(calls);
}

function planLanes<Task extends WantedTask>(
  wanted: readonly Task[],
  reads: Reads,
  chunk: PlanRules<Task>["chunk"],
): PlannedCall<Task>[] {
  const [plain] = reads;
  if (wanted.every(({ facets }) => facets.size === 0)) return planLane(wanted, plain, plain, chunk);
  const modest = wanted.filter((task) => !reads.some((read) => wants(task, read)));
  const lanes = reads.map((read) => ({ read, tasks: wanted.filter((task) => wants(task, read)) }));
  const host = lanes.find(({ read, tasks }) => tasks.length > 0 && read.maxIdsPerCall === plain.maxIdsPerCall);
  return lanes.flatMap((lane, index) => {
    const isHost = host ? lane === host : index === 0;
    return planLane(isHost ? [...modest, ...lane.tasks] : lane.tasks, lane.read, plain, chunk);
  });
}

/** A call in which nobody wants more than the status is a plain one. */
function planLane<Task extends WantedTask>(
  tasks: readonly Task[],
  laneRead: ProviderRead,
  plain: ProviderRead,
  chunk: PlanRules<Task>["chunk"],
): PlannedCall<Task>[] {
  return chunk(tasks, laneRead.maxIdsPerCall).map((chunked) => ({
    read: chunked.some((task) => wants(task, laneRead)) ? laneRead : plain,
    tasks: chunked.sort(byId),
    facets: new Set(laneRead.brings.filter((facet) => chunked.some(({ facets }) => facets.has(facet)))),
  }));
}

/** True when several calls have to tell of the task. */
export function needsSeveralReads(task: WantedTask, reads: Reads): boolean {
  return reads.length > 1 && reads.filter((read) => wants(task, read)).length > 1;
}

function wants({ facets }: WantedTask, { brings }: ProviderRead): boolean {
  return facets.size > 0 && brings.some((facet) => facets.has(facet));
}

function byId(left: WantedTask, right: WantedTask): number {
  if (left.localId === right.localId) return 0;
  return left.localId < right.localId ? -1 : 1;
}

/** Calls that share a task stand in one group, with all calls that share tasks with any of them. */
function groupCalls<Task extends WantedTask>(calls: readonly PlannedCall<Task>[]): PlannedGroup<Task>[] {
  const seen = new Set<Task>();
  const shared = new Set<Task>();
  for (const { tasks } of calls) for (const task of tasks) (seen.has(task) ? shared : seen).add(task);
  const [first, ...others] = calls.filter(({ tasks }) => tasks.some((task) => shared.has(task)));
  const single = calls.filter(({ tasks }) => !tasks.some((task) => shared.has(task)));
  const groups: PlannedGroup<Task>[] = single.map((call) => [call]);
  return first ? [[first, ...others], ...groups] : groups;
}
