import type { PendingTask } from "./pending-task.ts";

/** What may share one upstream call: the same credentials and the same scope. */
export interface Partition {
  readonly scope: string;
  /** By local id, oldest first. */
  readonly waiting: Map<string, PendingTask>;
  /** By local id: whom newcomers may join. The latest, where a richer question was asked behind a poorer one. */
  readonly onTheirWay: Map<string, PendingTask>;
  callsUnderWay: number;
}

export function createPartition(scope: string): Partition {
  return { scope, waiting: new Map(), onTheirWay: new Map(), callsUnderWay: 0 };
}

/** Newcomers may join the task from now on. */
export function openToJoin({ onTheirWay }: Partition, task: PendingTask): void {
  task.poorer = onTheirWay.get(task.localId);
  onTheirWay.set(task.localId, task);
}

/** Nobody is to join the task any more; a poorer one that is on its way as well takes its place. */
export function closeToJoin({ onTheirWay }: Partition, task: PendingTask): void {
  if (onTheirWay.get(task.localId) !== task) return;
  const poorer = task.poorer;
  if (poorer && poorer.calls.length > 0 && poorer.waiters.length > 0) onTheirWay.set(task.localId, poorer);
  else onTheirWay.delete(task.localId);
}

export const isIdle = ({ callsUnderWay }: Partition): boolean => callsUnderWay === 0;

export const isEmpty = (partition: Partition): boolean => isIdle(partition) && partition.waiting.size === 0;
