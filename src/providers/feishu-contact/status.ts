import {
  createMeaningLookup,
  type MeaningLookup,
  type StatusMeaning,
  type StatusOverride,
  type StatusTable,
} from "../../tasks/status-table.ts";

/**
 * How a finished task ended, by its counters; `untold` when it gives none, `failuresOnly` when it counts failures and
 * leaves open whether anything succeeded.
 */
export type FeishuEnding = "untold" | "allSucceeded" | "someFailed" | "allFailed" | "failuresOnly";

export interface FeishuFacts {
  readonly ending: FeishuEnding;
  /** Whether the answer holds everything that a finished task has: a finish time, and a result for each sub-task. */
  readonly isComplete: boolean;
}

/** Reads a raw status in the light of what else the answer says. */
export type FeishuStatusReader = (facts: FeishuFacts) => MeaningLookup;

/** Documented only as "below 9 is running". */
const running: StatusMeaning = {
  status: "RUNNING",
  isTerminal: false,
  needsAttention: false,
  labels: { en: "Running", "zh-CN": "执行中" },
};

const statusTable: StatusTable = {
  "0": running,
  "1": running,
  "2": running,
  "3": running,
  "4": running,
  "5": running,
  "6": running,
  "7": running,
  "8": { ...running, labels: { en: "Finishing", "zh-CN": "即将完成" } },
  "10": { status: "FAILED", isTerminal: true, needsAttention: true, labels: { en: "Failed", "zh-CN": "执行失败" } },
  // Named by the vendor's Python SDK of 2021 only.
  "11": {
    status: "FAILED",
    isTerminal: true,
    needsAttention: true,
    labels: { en: "Failed: headcount exceeded", "zh-CN": "执行失败：人数超限" },
  },
};

/** Status 9, by ending. */
const finishedTable: Readonly<Record<FeishuEnding, StatusMeaning>> = {
  untold: { status: "ENDED", isTerminal: true, needsAttention: false, labels: { en: "Finished", "zh-CN": "执行完成" } },
  allSucceeded: {
    status: "SUCCEEDED",
    isTerminal: true,
    needsAttention: false,
    labels: { en: "Succeeded", "zh-CN": "执行成功" },
  },
  someFailed: {
    status: "PARTIALLY_SUCCEEDED",
    isTerminal: true,
    needsAttention: true,
    labels: { en: "Partly succeeded", "zh-CN": "部分成功" },
  },
  allFailed: {
    status: "FAILED",
    isTerminal: true,
    needsAttention: true,
    labels: { en: "Finished, all failed", "zh-CN": "全部失败" },
  },
  // "Over, some items failed" is what is known; that others succeeded is not.
  failuresOnly: {
    status: "PARTIALLY_SUCCEEDED",
    isTerminal: true,
    needsAttention: true,
    labels: { en: "Finished, some failed", "zh-CN": "执行完成，有失败" },
    inferred: true,
  },
};

/**
 * Status 8 is running by the rule, yet the vendor's own samples show it with everything a finished task has, and a later
 * page shows the same samples with 9. A complete 8 is read as 9, and flagged.
 */
export function createFeishuStatusReader(overrides: Readonly<Record<string, StatusOverride>>): FeishuStatusReader {
  return ({ ending, isComplete }) => {
    const finished = finishedTable[ending];
    const table = {
      ...statusTable,
      "9": finished,
      ...(isComplete && { "8": { ...finished, inferred: true as const } }),
    };
    return createMeaningLookup(table, foldStatus, { overrides });
  };
}

/** "9", "09" and " 9 " are the same number. */
export function foldStatus(raw: string): string {
  const text = raw.trim();
  return /^\d+$/.test(text) ? text.replace(/^0+(?=\d)/, "") : text;
}
