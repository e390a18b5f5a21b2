import { createMeaningLookup, type MeaningLookup, readStatus, type StatusOverride } from "../../tasks/status-table.ts";
import type { TaskFailure, TaskProgress, TaskState } from "../../tasks/task.ts";
import { drsStatusTable, foldDrsStatus, inferDrsStatus } from "./status-table.ts";
import type { DetailRow, ProgressRow } from "./wire.ts";

/** The fields of `DrsJob` beside those of every task. */
export interface DrsJobState extends TaskState {
  readonly projectId: string;
  readonly taskMode: string | null;
  readonly engineType: string | null;
  readonly direction: string | null;
  readonly replicationDelayMs: number | null;
  readonly phases: ProgressRow["phases"];
}

/** What a row tells, each part as far as the read brings it. */
export interface DrsJobRow {
  readonly status: string;
  readonly reason: Pick<TaskFailure, "code" | "message">;
  readonly progress: ProgressRow | null;
  readonly detail: DetailRow | null;
}

export function createDrsMeanings(overrides: Readonly<Record<string, StatusOverride>>): MeaningLookup {
  return createMeaningLookup(drsStatusTable, foldDrsStatus, { rule: inferDrsStatus, overrides });
}

export function normalizeDrsJob(row: DrsJobRow, projectId: string, meanings: MeaningLookup): DrsJobState {
  const reading = readStatus(row.status, meanings);
  const { progress, detail } = row;
  return {
    ...reading,
    name: detail?.name ?? null,
    createdAt: detail?.createdAt ?? null,
    startedAt: detail?.startedAt ?? null,
    // A job that is over changes no more.
    finishedAt: reading.isTerminal ? (detail?.updatedAt ?? null) : null,
    elapsedSeconds: null,
    progress: progressOf(progress),
    failure: failureOf(reading, row.reason),
    webUrl: null,
    projectId,
    taskMode: progress?.taskMode ?? detail?.taskMode ?? null,
    engineType: detail?.engineType ?? null,
    direction: detail?.direction ?? null,
    replicationDelayMs: progress?.replicationDelayMs ?? null,
    phases: progress?.phases ?? null,
  };
}

function progressOf(row: ProgressRow | null): TaskProgress | null {
  if (!row || row.percent === null) return null;
  return { percent: row.percent, total: null, succeeded: null, failed: null };
}

/** A reason may come with any status: a job that has ended can still tell why. */
function failureOf(
  { status, isTerminal }: Pick<TaskState, "status" | "isTerminal">,
  reason: DrsJobRow["reason"],
): TaskFailure | null {
  if (status === "FAILED") return { ...reason, recoverable: !isTerminal };
  return reason.code === null && reason.message === null ? null : { ...reason, recoverable: null };
}
