import {
  createMeaningLookup,
  type MeaningLookup,
  readStatus,
  type StatusOverride,
  type StatusTable,
} from "../../tasks/status-table.ts";
import type { TaskState } from "../../tasks/task.ts";

/** The fields of `EiotclubTask` beside those of every task. */
export interface EiotclubTaskState extends TaskState {
  readonly result: string | null;
}

const statusTable: StatusTable = {
  "0": { status: "PENDING", isTerminal: false, needsAttention: false, labels: { en: "Waiting", "zh-CN": "等待" } },
  "1": { status: "RUNNING", isTerminal: false, needsAttention: false, labels: { en: "Running", "zh-CN": "正在执行" } },
  "2": {
    status: "SUCCEEDED",
    isTerminal: true,
    needsAttention: false,
    labels: { en: "Succeeded", "zh-CN": "执行成功" },
  },
  "-1": { status: "CANCELED", isTerminal: true, needsAttention: false, labels: { en: "Terminated", "zh-CN": "终止" } },
  "-2": { status: "FAILED", isTerminal: true, needsAttention: true, labels: { en: "Failed", "zh-CN": "执行失败" } },
};

export function createEiotclubMeanings(overrides: Readonly<Record<string, StatusOverride>>): MeaningLookup {
  return createMeaningLookup(statusTable, (raw) => raw.trim(), { overrides });
}

/** This API tells a status and a result text: no times, no progress. The text is shown as it is and decides nothing. */
export function normalizeEiotclubTask(
  status: string,
  result: string | null,
  meanings: MeaningLookup,
): EiotclubTaskState {
  const reading = readStatus(status, meanings);
  return {
    ...reading,
    name: null,
    createdAt: null,
    startedAt: null,
    finishedAt: null,
    elapsedSeconds: null,
    progress: null,
    failure: reading.status === "FAILED" ? { code: null, message: result, recoverable: null } : null,
    webUrl: null,
    result,
  };
}
