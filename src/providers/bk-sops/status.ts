import {
  createMeaningLookup,
  type MeaningLookup,
  type StatusMeaning,
  type StatusOverride,
  type StatusTable,
} from "../../tasks/status-table.ts";

const pending = { status: "PENDING", isTerminal: false, needsAttention: false } as const;
const running = { status: "RUNNING", isTerminal: false, needsAttention: false } as const;
const paused = { status: "PAUSED", isTerminal: false, needsAttention: true } as const;
const waiting = { status: "WAITING", isTerminal: false, needsAttention: true } as const;
const failed = { status: "FAILED", isTerminal: false, needsAttention: true } as const;

/** Operators retry or skip a failed node, and the task goes on. */
const failure: StatusMeaning = { ...failed, labels: { en: "Failed", "zh-CN": "失败" } };

const statusTable: StatusTable = {
  CREATED: { ...pending, labels: { en: "Not started", "zh-CN": "未执行" } },
  READY: { ...pending, labels: { en: "Ready", "zh-CN": "准备执行" } },
  RUNNING: { ...running, labels: { en: "Running", "zh-CN": "执行中" } },
  LOOP_READY: { ...running, labels: { en: "Ready for the next loop", "zh-CN": "等待下一次循环" } },
  SUSPENDED: { ...paused, labels: { en: "Paused", "zh-CN": "暂停" } },
  NODE_SUSPENDED: { ...paused, labels: { en: "Node paused", "zh-CN": "节点暂停" } },
  PENDING_APPROVAL: { ...waiting, labels: { en: "Waiting for approval", "zh-CN": "等待审批" } },
  PENDING_CONFIRMATION: { ...waiting, labels: { en: "Waiting for confirmation", "zh-CN": "等待确认" } },
  PENDING_PROCESSING: { ...waiting, labels: { en: "Waiting to be processed", "zh-CN": "等待处理" } },
  PENDING_CONTINUE: { ...waiting, labels: { en: "Waiting to be continued", "zh-CN": "等待继续" } },
  BLOCKED: { ...waiting, labels: { en: "Blocked", "zh-CN": "阻塞" } },
  FAILED: failure,
  FINISHED: {
    status: "SUCCEEDED",
    isTerminal: true,
    needsAttention: false,
    labels: { en: "Finished", "zh-CN": "完成" },
  },
  REVOKED: { status: "CANCELED", isTerminal: true, needsAttention: false, labels: { en: "Revoked", "zh-CN": "终止" } },
  EXPIRED: { status: "EXPIRED", isTerminal: true, needsAttention: false, labels: { en: "Expired", "zh-CN": "已过期" } },
  ROLLING_BACK: { ...running, needsAttention: true, labels: { en: "Rolling back", "zh-CN": "回滚中" } },
  ROLL_BACK_SUCCESS: { ...waiting, labels: { en: "Rolled back", "zh-CN": "回滚成功" } },
  ROLL_BACK_FAILED: { ...failed, labels: { en: "Rollback failed", "zh-CN": "回滚失败" } },
};

/** The item's finish time is set on finish and revoke: a failed task that has one will not go on. */
const endedStatusTable: StatusTable = { ...statusTable, FAILED: { ...failure, isTerminal: true } };

export interface SopsMeanings {
  readonly ofOpen: MeaningLookup;
  /** For tasks whose item has a finish time. */
  readonly ofEnded: MeaningLookup;
}

export function createSopsMeanings(overrides: Readonly<Record<string, StatusOverride>>): SopsMeanings {
  return {
    ofOpen: createMeaningLookup(statusTable, foldState, { overrides }),
    ofEnded: createMeaningLookup(endedStatusTable, foldState, { overrides }),
  };
}

const foldState = (raw: string): string => raw.trim().toUpperCase();
