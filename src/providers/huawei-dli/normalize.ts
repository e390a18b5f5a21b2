import {
  createMeaningLookup,
  type MeaningLookup,
  readStatus,
  type StatusOverride,
  type StatusTable,
} from "../../tasks/status-table.ts";
import type { EpochMs, TaskFailure, TaskState } from "../../tasks/task.ts";
import type { BatchDetail } from "./wire.ts";

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

/** How many of a job's last log lines are shown; the upstream gives as many. */
const maxLogLines = 10;

/**
 * @param detail null for the state call, which tells the state and nothing else
 * @param facets the owner and the log are kept only for who wants them
 */
export function normalizeDliBatchJob(
  state: string,
  detail: BatchDetail | null,
  facets: ReadonlySet<string>,
  projectId: string,
  meanings: MeaningLookup,
): DliBatchJobState {
  const reading = readStatus(state, meanings);
  return {
    ...reading,
    name: detail?.name ?? null,
    createdAt: detail?.createdAt ?? null,
    startedAt: null,
    // The console calls the last change of a finished job its end.
    finishedAt: reading.isTerminal ? (detail?.updatedAt ?? null) : null,
    elapsedSeconds: null,
    progress: null,
    failure: reading.status === "FAILED" ? failureOf(state) : null,
    webUrl: null,
    projectId,
    applicationId: detail?.applicationId ?? null,
    owner: facets.has("owner") ? (detail?.owner ?? null) : null,
    queue: detail?.queue ?? null,
    kind: detail?.kind ?? null,
    updatedAt: detail?.updatedAt ?? null,
    logTail: facets.has("log") ? (detail?.logLines?.slice(-maxLogLines) ?? null) : null,
  };
}

/** `dead` covers failed and cancelled jobs, and the state alone cannot tell them apart. */
function failureOf(state: string): TaskFailure {
  const message = "Exited without success; DLI reports cancellations the same way.";
  return { code: null, message: foldState(state) === "dead" ? message : null, recoverable: null };
}
