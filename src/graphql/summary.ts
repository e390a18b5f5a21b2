import { type EpochMs, type TaskState, type TaskStatus, taskStatuses } from "../tasks/task.ts";
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

/**
 * Counts each task once, however often and under whatever alias it was asked for. Needs the tasks' states.
 *
 * @param retryAt for a task that asking again may bring, when nobody knows better
 */
export function summarize(lookups: readonly LookupModel[], retryAt: EpochMs): SummaryModel {
  const distinct = [...new Map(lookups.map((lookup) => [lookup.id ?? lookup.requestedId, lookup])).values()];
  const tasks = distinct.map(({ task }) => task).filter((task): task is TaskModel => task !== null);
  const states = tasks.map(({ reading }) => reading.state);
  const unresolved = distinct.length - tasks.length;
  return {
    total: distinct.length,
    resolved: tasks.length,
    unresolved,
    allTerminal: unresolved === 0 && states.every(({ isTerminal }) => isTerminal),
    allSucceeded: unresolved === 0 && states.every(({ status }) => status === "SUCCEEDED"),
    anyNeedsAttention: states.some(({ needsAttention }) => needsAttention),
    countsByStatus: countByStatus(states),
    pollAfter: earliest([
      ...tasks.map(({ reading }) => reading.pollAfterAt),
      ...distinct.map(({ task, problem }) =>
        problem?.retryable ? (problem.retryAfter ?? (task ? null : retryAt)) : null,
      ),
    ]),
  };
}

function countByStatus(states: readonly TaskState[]): SummaryModel["countsByStatus"] {
  return taskStatuses
    .map((status) => ({ status, count: states.filter((state) => state.status === status).length }))
    .filter(({ count }) => count > 0);
}

function earliest(instants: readonly (EpochMs | null)[]): EpochMs | null {
  const known = instants.filter((instant) => instant !== null);
  return known.length === 0 ? null : Math.min(...known);
}
