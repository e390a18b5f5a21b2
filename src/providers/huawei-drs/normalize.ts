import { createMeaningLookup, type MeaningLookup, readStatus, type StatusOverride } from "../../tasks/status-table.ts";
import type { TaskFailure, TaskState } from "../../tasks/task.ts";
import { drsStatusTable, foldDrsStatus, inferDrsStatus } from "./status-table.ts";

/** The fields of `DrsJob` beside those of every task. */
export interface DrsJobState extends TaskState {
  readonly projectId: string;
  readonly taskMode: string | null;
  readonly engineType: string | null;
  readonly direction: string | null;
  readonly replicationDelayMs: number | null;
  readonly phases: readonly DrsPhase[] | null;
}

export interface DrsPhase {
  readonly name: string;
  /** 0 to 100. */
  readonly percent: number | null;
}

/** What a row says went wrong. */
export type DrsFailureReason = Pick<TaskFailure, "code" | "message">;

export function createDrsMeanings(overrides: Readonly<Record<string, StatusOverride>>): MeaningLookup {
  return createMeaningLookup(drsStatusTable, foldDrsStatus, { rule: inferDrsStatus, overrides });
}

/** The status call tells the status and the reason of a failure: no times, no progress. */
export function normalizeDrsJob(
  status: string,
  reason: DrsFailureReason,
  projectId: string,
  meanings: MeaningLookup,
): DrsJobState {
  const reading = readStatus(status, meanings);
  return {
    ...reading,
    name: null,
    createdAt: null,
    startedAt: null,
    finishedAt: null,
    elapsedSeconds: null,
    progress: null,
    failure: failureOf(reading, reason),
    webUrl: null,
    projectId,
    taskMode: null,
    engineType: null,
    direction: null,
    replicationDelayMs: null,
    phases: null,
  };
}

/** A reason may come with any status: a job that has ended can still tell why. */
function failureOf(
  { status, isTerminal }: Pick<TaskState, "status" | "isTerminal">,
  reason: DrsFailureReason,
): TaskFailure | null {
  if (status === "FAILED") return { ...reason, recoverable: !isTerminal };
  return reason.code === null && reason.message === null ? null : { ...reason, recoverable: null };
}
