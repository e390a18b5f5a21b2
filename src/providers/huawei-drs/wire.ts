import {
  readArray,
  readEpochMs,
  readFilledText,
  readInteger,
  readNumber,
  readObject,
  readText,
  type WireObject,
} from "../shared/wire-values.ts";

/** The reads of jobs, named as the last part of their paths. */
export type DrsRead = "batch-status" | "batch-progress" | "batch-detail";

/** The endpoints name the same things differently. */
interface RowKeys {
  readonly id: string;
  readonly status: string;
  readonly errorMessage: string;
}

const ordinaryKeys: RowKeys = { id: "id", status: "status", errorMessage: "error_message" };

const keysByRead: Readonly<Record<DrsRead, RowKeys>> = {
  "batch-status": ordinaryKeys,
  "batch-detail": ordinaryKeys,
  "batch-progress": { id: "job_id", status: "transfer_status", errorMessage: "error_msg" },
};

/** Null when the answer has no list of results; `null` stands for an empty one. */
export function jobRows(body: WireObject | null): readonly unknown[] | null {
  if (body === null || body.results === undefined) return null;
  return body.results === null ? [] : readArray(body.results);
}

/** Letter case does not tell ids apart. A row without an id can only be about the one job that was asked for. */
export function rowId(row: WireObject, read: DrsRead, askedIds: readonly string[]): string | null {
  const [onlyId] = askedIds;
  const id = row[keysByRead[read].id] ?? "";
  if (id === "" && onlyId !== undefined && askedIds.length === 1) return onlyId;
  return readText(id)?.trim().toLowerCase() ?? null;
}

export const rowStatus = (row: WireObject, read: DrsRead): string | null =>
  readFilledText(row[keysByRead[read].status]);

export const rowErrorCode = (row: WireObject): string | null => readFilledText(row.error_code)?.trim() ?? null;

/** Only the details have a reason apart from the error. */
export const rowErrorMessage = (row: WireObject, read: DrsRead): string | null =>
  readFilledText(row[keysByRead[read].errorMessage]) ?? readFilledText(row.failed_reason);

/** Whether any row is about a job that was asked for. */
export function hasRowOf(rows: readonly unknown[], read: DrsRead, askedIds: readonly string[]): boolean {
  const asked = new Set(askedIds);
  return rows.some((value) => {
    const row = readObject(value);
    const id = row && rowId(row, read, askedIds);
    return id !== null && asked.has(id);
  });
}

/** How far the parts of a job are. All figures are texts. */
export interface ProgressRow {
  readonly taskMode: string | null;
  /** 0 to 100. */
  readonly percent: number | null;
  readonly replicationDelayMs: number | null;
  readonly phases: readonly { readonly name: string; readonly percent: number | null }[] | null;
}

export function progressRow(row: WireObject): ProgressRow {
  const phases = readObject(row.progress_map);
  return {
    taskMode: readFilledText(row.task_mode),
    percent: readPercent(row.progress),
    replicationDelayMs: readDelayMs(row),
    phases: phases && Object.entries(phases).map(([name, phase]) => ({ name, percent: readPhasePercent(phase) })),
  };
}

/**
 * What is read of a job's details. The rest is never looked at: both endpoint objects hold addresses, users, passwords
 * and certificates.
 */
export interface DetailRow {
  readonly name: string | null;
  readonly taskMode: string | null;
  readonly engineType: string | null;
  readonly direction: string | null;
  readonly createdAt: number | null;
  readonly startedAt: number | null;
  readonly updatedAt: number | null;
}

export function detailRow(row: WireObject): DetailRow {
  return {
    name: readFilledText(row.name),
    taskMode: readFilledText(row.task_type),
    engineType: readFilledText(readObject(row.inst_info)?.engine_type),
    direction: readFilledText(row.job_direction),
    createdAt: readEpochMs(row.create_time, "milliseconds"),
    startedAt: readEpochMs(row.actual_start_time, "milliseconds"),
    updatedAt: readEpochMs(row.update_time, "milliseconds"),
  };
}

/** Milliseconds are told by newer editions only; -1 means that the job does not replicate. */
function readDelayMs(row: WireObject): number | null {
  const seconds = readNumber(row.incre_trans_delay);
  const delayMs = readInteger(row.incre_trans_delay_millis) ?? (seconds === null ? null : readInteger(seconds * 1000));
  return delayMs === null || delayMs < 0 ? null : delayMs;
}

function readPhasePercent(phase: unknown): number | null {
  return readPercent(readText(readObject(phase)?.completed)?.replace(/%\s*$/, ""));
}

function readPercent(value: unknown): number | null {
  const percent = readNumber(value);
  return percent === null || percent < 0 || percent > 100 ? null : percent;
}
