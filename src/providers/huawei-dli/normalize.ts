import {
  createMeaningLookup,
  type MeaningLookup,
  readStatus,
  type StatusOverride,
  type StatusTable,
} from "../../tasks/status-table.ts";
import type { EpochMs, TaskFailure, TaskState } from "../../tasks/task.ts";

/** The fields of `DliBatchJob` beside those of every task. */
export interface DliBatchJobState extends TaskState {
  readonly projectId: string;
  readonly applicationId: string | null;
  readonly owner: string | null;
  readonly queue: string | null;
  readonly kind: string | null;
  readonly updatedAt: EpochMs | null;
  readonly logTail: readonly string[] | null;
}

/** The five documented states, labelled as in the console. Livy knows more words; this API documents none of them. */
const statusTable: StatusTable = {
  starting: {
    status: "PENDING",
    isTerminal: false,
    needsAttention: false,
    labels: { en: "Starting", "zh-CN": "启动中" },
  },
  running: {
    status: "RUNNING",
    isTerminal: false,
    needsAttention: false,
    labels: { en: "Running", "zh-CN": "运行中" },
  },
  recovering: {
    status: "RUNNING",
    isTerminal: false,
    needsAttention: false,
    labels: { en: "Restoring", "zh-CN": "恢复中" },
  },
  success: {
    status: "SUCCEEDED",
    isTerminal: true,
    needsAttention: false,
    labels: { en: "Finished", "zh-CN": "已完成" },
  },
  dead: { status: "FAILED", isTerminal: true, needsAttention: true, labels: { en: "Failed", "zh-CN": "已失败" } },
};

/** Samples write `Success`, tables and client code `success`. */
const foldState = (raw: string): string => raw.trim().toLowerCase();

export function createDliMeanings(overrides: Readonly<Record<string, StatusOverride>>): MeaningLookup {
  return createMeaningLookup(statusTable, foldState, { overrides });
}

/** The state call tells the state and nothing else. */
export function normalizeDliBatchJob(state: string, projectId: string, meanings: MeaningLookup): DliBatchJobState {
  const reading = readStatus(state, meanings);
  return {
    ...reading,
    name: null,
    createdAt: null,
    startedAt: null,
    finishedAt: null,
    elapsedSeconds: null,
    progress: null,
    failure: reading.status === "FAILED" ? failureOf(state) : null,
    webUrl: null,
    projectId,
    applicationId: null,
    owner: null,
    queue: null,
    kind: null,
    updatedAt: null,
    logTail: null,
  };
}

/** `dead` covers failed and cancelled jobs, and the state alone cannot tell them apart. */
function failureOf(state: string): TaskFailure {
  const message = "Exited without success; DLI reports cancellations the same way.";
  return { code: null, message: foldState(state) === "dead" ? message : null, recoverable: null };
}
