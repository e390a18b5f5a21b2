import { readStatus } from "../../tasks/status-table.ts";
import type { TaskFailure, TaskProgress, TaskState } from "../../tasks/task.ts";
import {
  readArray,
  readEpochMs,
  readInteger,
  readNumber,
  readObject,
  readText,
  type WireObject,
} from "../shared/wire-values.ts";
import { type FeishuItemState, type FeishuTaskKind, isFailedItem, normalizeFeishuItems } from "./items.ts";
import type { ProgressMemory } from "./progress.ts";
import { type FeishuEnding, type FeishuStatusReader, foldStatus } from "./status.ts";

/** The fields of `FeishuContactTask` beside those of every task. */
export interface FeishuContactTaskState extends TaskState {
  readonly kind: FeishuTaskKind;
  /** Null until the provider gives them, and whenever they were not asked for: they are personal data. */
  readonly items: readonly FeishuItemState[] | null;
}

/** What normalising needs beside the answer itself. */
export interface FeishuReading {
  readonly taskId: string;
  readonly statusReader: FeishuStatusReader;
  readonly progressMemory: ProgressMemory;
  readonly withItems: boolean;
}

interface Counters {
  readonly total: number | null;
  readonly succeeded: number | null;
  readonly failed: number | null;
}

/**
 * @param data the answer's `data`
 * @param rawStatus its `status`
 */
export function normalizeFeishuTask(
  data: WireObject,
  rawStatus: string,
  { taskId, statusReader, progressMemory, withItems }: FeishuReading,
): FeishuContactTaskState {
  const kind = kinds.get(readText(data.type)) ?? "UNKNOWN";
  const taskInfo = readArray(data.task_info);
  const counters = readCounters(data, taskInfo ?? []);
  const finishedAt = readEpochMs(data.finish_time, "seconds");
  const isComplete = finishedAt !== null && hasAllResults(counters, taskInfo ?? []);
  const reading = readStatus(rawStatus, statusReader({ ending: endingOf(counters), isComplete }));
  const percent = readPercent(data, taskId, progressMemory);
  if (reading.isTerminal) progressMemory.forget(taskId);
  return {
    ...reading,
    name: null,
    createdAt: readEpochMs(data.create_time, "seconds"),
    startedAt: null,
    finishedAt,
    elapsedSeconds: null,
    progress: progressOf(percent, counters),
    failure: reading.status === "FAILED" ? failureOf(rawStatus, !reading.isTerminal) : null,
    webUrl: null,
    kind,
    items: withItems && taskInfo ? normalizeFeishuItems(taskInfo, kind) : null,
  };
}

const kinds: ReadonlyMap<string | null, FeishuTaskKind> = new Map([
  ["add_user", "ADD_USER"],
  ["add_department", "ADD_DEPARTMENT"],
]);

/** Counters that the answer leaves out are counted from the results, when there are any. */
function readCounters(data: WireObject, taskInfo: readonly unknown[]): Counters {
  const results = taskInfo.map(readObject).filter((item) => item !== null);
  const failed = results.filter(isFailedItem).length;
  const counted = results.length > 0 ? { total: results.length, succeeded: results.length - failed, failed } : null;
  return {
    total: readCount(data.total_num) ?? counted?.total ?? null,
    succeeded: readCount(data.success_num) ?? counted?.succeeded ?? null,
    failed: readCount(data.fail_num) ?? counted?.failed ?? null,
  };
}

function readCount(value: unknown): number | null {
  const count = readInteger(value);
  return count !== null && count >= 0 ? count : null;
}

function hasAllResults({ total, succeeded, failed }: Counters, taskInfo: readonly unknown[]): boolean {
  if (taskInfo.length > 0) return true;
  return total !== null && succeeded !== null && failed !== null && succeeded + failed >= total;
}

function endingOf({ total, succeeded, failed }: Counters): FeishuEnding {
  const failures = failed ?? difference(total, succeeded);
  const successes = succeeded ?? difference(total, failed);
  if (failures === 0) return "allSucceeded";
  if (failures === null) return "untold";
  if (successes === null) return "failuresOnly";
  return successes > 0 ? "someFailed" : "allFailed";
}

function difference(total: number | null, part: number | null): number | null {
  return total === null || part === null ? null : Math.max(0, total - part);
}

function readPercent(data: WireObject, taskId: string, progressMemory: ProgressMemory): number | null {
  const percent = readNumber(data.progress);
  return percent === null ? null : progressMemory.advance(taskId, Math.min(100, Math.max(0, percent)));
}

function progressOf(percent: number | null, counters: Counters): TaskProgress | null {
  const { total, succeeded, failed } = counters;
  const isEmpty = percent === null && total === null && succeeded === null && failed === null;
  return isEmpty ? null : { percent, ...counters };
}

/** The API gives a number and no text; these are names for the numbers. A finished task with failures has item codes. */
const failureCodes: ReadonlyMap<string, string> = new Map([
  ["10", "TASK_FAILED"],
  ["11", "HEADCOUNT_EXCEEDED"],
]);

function failureOf(rawStatus: string, recoverable: boolean): TaskFailure {
  return { code: failureCodes.get(foldStatus(rawStatus)) ?? null, message: null, recoverable };
}
