import type { EpochMs } from "../tasks/task.ts";
import { evenChunks, fullChunks } from "./even-chunks.ts";
import { isIdle, type Partition } from "./partition.ts";
import type { PendingTask } from "./pending-task.ts";
import { needsSeveralReads, type PlannedGroup, planCalls, type Reads } from "./plan-calls.ts";

/** How long keys of a busy partition wait for others to share their call. */
const gatherMs = 5;

export interface DepartureRules {
  readonly reads: Reads;
  isAlone(task: PendingTask): boolean;
}

/**
 * The calls of a partition that may leave now, places permitting. All that wait leave when no call of the partition is
 * under way, or when the eldest has waited long enough for others to share its call; before that, only full calls do.
 */
export function plannedDepartures(
  partition: Partition,
  { reads, isAlone }: DepartureRules,
  now: EpochMs,
): PlannedGroup<PendingTask>[] {
  if (partition.waiting.size === 0) return [];
  const waiting = [...partition.waiting.values()];
  for (const task of waiting) task.since ??= now;
  if (now >= leavesAt(partition)) return planCalls(waiting, reads, { chunk: evenChunks, isAlone });
  // A task that several calls tell of leaves with all of them, and some of those may not be full yet.
  const simple = waiting.filter((task) => !needsSeveralReads(task, reads));
  return planCalls(simple, reads, { chunk: fullChunks, isAlone });
}

/** When all that wait in a partition may leave at the latest, a place being free. */
export function leavesAt(partition: Partition): EpochMs {
  const [eldest] = partition.waiting.values();
  if (!eldest) return Number.POSITIVE_INFINITY;
  return isIdle(partition) ? Number.NEGATIVE_INFINITY : (eldest.since ?? 0) + gatherMs;
}
