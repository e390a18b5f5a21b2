import type { EpochMs } from "../tasks/task.ts";
import { evenChunks, fullChunks } from "./even-chunks.ts";
import { isIdle, type Partition } from "./partition.ts";
import { type PendingTask, refreshFacets } from "./pending-task.ts";
import { needsSeveralReads, type PlannedGroup, type PlanRules, planCalls, type Reads } from "./plan-calls.ts";

export interface DepartureRules {
  readonly reads: Reads;
  /** True for a task that must not share a call. */
  isAlone(task: PendingTask): boolean;
  /** False when there is no such task. */
  hasAlone(): boolean;
}

/** When all that wait in a partition may leave at the latest, a place being free. */
export function leavesAt(partition: Partition): EpochMs {
  const [eldest] = partition.waiting.values();
  if (!eldest) return Number.POSITIVE_INFINITY;
  return isIdle(partition) ? Number.NEGATIVE_INFINITY : eldest.gathersUntil;
}

/** Who comes to an idle partition need not gather, also when there are more than one call takes. */
export function beginToWait(task: PendingTask, now: EpochMs, gatherMs: number): void {
  task.since = now;
  task.gathersUntil = isIdle(task.partition) ? now : now + gatherMs;
}

/** False when no call of a partition can leave now. Costs next to nothing, however many wait. */
export function mayDepart(partition: Partition, { reads }: DepartureRules, now: EpochMs): boolean {
  return now >= leavesAt(partition) || partition.waiting.size >= Math.min(...reads.map((read) => read.maxIdsPerCall));
}

/**
 * The calls of a partition that leave next. All that wait may leave when no call of the partition is under way, or when
 * the eldest has waited long enough for others to share its call; before that, only full calls do.
 *
 * It is asked again for every place that comes free, so it looks at no more tasks than it has to.
 */
export function nextDeparture(
  partition: Partition,
  rules: DepartureRules,
  now: EpochMs,
): PlannedGroup<PendingTask> | null {
  const mayAllLeave = now >= leavesAt(partition);
  const [read, ...otherReads] = rules.reads;
  if (otherReads.length > 0 || rules.hasAlone()) return nextOfSome(partition, rules, mayAllLeave);
  const count = partition.waiting.size;
  if (!mayAllLeave && count < read.maxIdsPerCall) return null;
  const size = mayAllLeave ? Math.ceil(count / Math.ceil(count / read.maxIdsPerCall)) : read.maxIdsPerCall;
  const [group = null] = planCalls(eldestOf(partition, size), rules.reads);
  return group;
}

/** As many as an operation usually asks for: they are cut evenly, as long as no more wait. */
const callsLookedAt = 10;

function nextOfSome(
  partition: Partition,
  { reads, isAlone }: DepartureRules,
  mayAllLeave: boolean,
): PlannedGroup<PendingTask> | null {
  const eldest = eldestOf(partition, callsLookedAt * Math.max(...reads.map((read) => read.maxIdsPerCall)));
  const even: PlanRules<PendingTask> = { chunk: evenChunks, isAlone };
  const full: PlanRules<PendingTask> = { chunk: fullChunks, isAlone };
  if (mayAllLeave && eldest.length === partition.waiting.size)
    return withEldest(planCalls(eldest, reads, even), eldest);
  if (mayAllLeave) {
    // As long as there are more, full calls leave, so that n ids cost no more than ceil(n / limit).
    const groups = planCalls(eldest, reads, full);
    return withEldest(groups.length > 0 ? groups : planCalls(eldest, reads, even), eldest);
  }
  // A task that several calls tell of leaves with all of them, and some of those may not be full yet.
  const simple = eldest.filter((task) => !needsSeveralReads(task, reads));
  return withEldest(planCalls(simple, reads, full), eldest);
}

function eldestOf({ waiting }: Partition, count: number): PendingTask[] {
  const eldest: PendingTask[] = [];
  for (const task of waiting.values()) {
    if (eldest.length === count) break;
    refreshFacets(task);
    eldest.push(task);
  }
  return eldest;
}

/** Who came first leaves first. */
function withEldest(
  groups: readonly PlannedGroup<PendingTask>[],
  [eldest]: readonly PendingTask[],
): PlannedGroup<PendingTask> | null {
  const isTakingEldest = (group: PlannedGroup<PendingTask>): boolean =>
    group.some(({ tasks }) => tasks.some((task) => task === eldest));
  return groups.find(isTakingEldest) ?? groups[0] ?? null;
}
