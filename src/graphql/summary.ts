import { type EpochMs, type TaskStatus, taskStatuses } from "../tasks/task.ts";
import type { LookupModel, TaskModel } from "./models.ts";

export interface SummaryModel {
  readonly total: number;
  readonly resolved: number;
  readonly unresolved: number;
  readonly allTerminal: boolean;
  readonly allSucceeded: boolean;
  readonly anyNeedsAttention: boolean;
  readonly countsByStatus: readonly { readonly status: TaskStatus; readonly count: number }[];
  readonly pollAfter: EpochMs | null;
}

/** Counts each task once, however often and under whatever alias it was asked for. Needs the tasks' states. */
export function summarize(lookups: readonly LookupModel[]): SummaryModel {
  const distinct = [...new Map(lookups.map((lookup) => [lookup.id ?? lookup.requestedId, lookup])).values()];
  const tasks = distinct.map(({ task }) => task).filter((task): task is TaskModel => task !== null);
  const unresolved = distinct.length - tasks.length;
  return {
    total: distinct.length,
    resolved: tasks.length,
    unresolved,
    allTerminal: unresolved === 0 && tasks.every((task) => task.isTerminal),
    allSucceeded: unresolved === 0 && tasks.every((task) => task.status === "SUCCEEDED"),
    anyNeedsAttention: tasks.some((task) => task.needsAttention),
    countsByStatus: countByStatus(tasks),
    pollAfter: earliest([
      ...tasks.map((task) => task.pollAfter),
      ...distinct.map(({ problem }) => (problem?.retryable ? problem.retryAfter : null)),
    ]),
  };
}

function countByStatus(tasks: readonly TaskModel[]): SummaryModel["countsByStatus"] {
  return taskStatuses
    .map((status) => ({ status, count: tasks.filter((task) => task.status === status).length }))
    .filter(({ count }) => count > 0);
}

function earliest(instants: readonly (EpochMs | null)[]): EpochMs | null {
  const known = instants.filter((instant) => instant !== null);
  return known.length === 0 ? null : Math.min(...known);
}
