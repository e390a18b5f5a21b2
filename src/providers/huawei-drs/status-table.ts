import type { StatusMeaning, StatusTable } from "../../tasks/status-table.ts";
import type { TaskStatus } from "../../tasks/task.ts";

/**
 * What the vendor documents for this endpoint (29 values, of which Open Telekom Cloud lists 23), then what other
 * endpoints and client code write. There is no value for success: what has ended may have been aborted.
 */
export const drsStatusTable: StatusTable = {
  CREATING: inMotion("PENDING", "Creating", "创建中"),
  STARTJOBING: inMotion("PENDING", "Starting", "启动中"),
  CHILD_TRANSFER_STARTING: inMotion("PENDING", "Starting subtask", "子任务启动中"),
  WAITING_FOR_START: inMotion("PENDING", "Waiting to start", "等待启动"),
  // Resources are given back after 3 days, the status stays.
  CONFIGURATION: waiting("WAITING", "Configuration", "配置"),
  FULL_TRANSFER_STARTED: inMotion("RUNNING", "Full load in progress", "全量迁移中"),
  FULL_TRANSFER_COMPLETE: inMotion("RUNNING", "Full load complete", "全量迁移完成"),
  INCRE_TRANSFER_STARTED: inMotion("RUNNING", "Incremental replication in progress", "增量同步中"),
  CHILD_TRANSFER_STARTED: inMotion("RUNNING", "Subtask in progress", "子任务进行中"),
  CHILD_TRANSFER_COMPLETE: inMotion("RUNNING", "Subtask full load complete", "子任务全量完成"),
  CHANGE_JOB_STARTED: inMotion("RUNNING", "Changing task", "任务变更中"),
  REBUILD_NODE_STARTED: inMotion("RUNNING", "Recovering from a fault", "故障恢复中"),
  NODE_UPGRADE_START: inMotion("RUNNING", "Upgrading", "升级中"),
  NODE_UPGRADE_COMPLETE: inMotion("RUNNING", "Upgrade complete", "升级完成"),
  // "Paused" on one page, "being paused" on another; there is no PAUSED, and client code waits for this one.
  PAUSING: waiting("PAUSED", "Paused", "已暂停"),
  RELEASE_RESOURCE_STARTED: inMotion("STOPPING", "Ending", "结束中"),
  RELEASE_CHILD_TRANSFER_STARTED: inMotion("STOPPING", "Ending subtask", "子任务结束中"),
  RELEASE_RESOURCE_COMPLETE: over("ENDED", "Ended", "已结束"),
  RELEASE_CHILD_TRANSFER_COMPLETE: over("ENDED", "Subtask ended", "子任务已结束"),
  DELETED: over("ENDED", "Deleted", "已删除"),
  CREATE_FAILED: failedForGood("Creation failed", "创建失败"),
  START_JOB_FAILED: failed("Start failed", "启动失败"),
  FULL_TRANSFER_FAILED: failed("Full load failed", "全量迁移失败"),
  INCRE_TRANSFER_FAILED: failed("Incremental replication failed", "增量同步失败"),
  CHILD_TRANSFER_FAILED: failed("Subtask failed", "子任务失败"),
  CHANGE_JOB_FAILED: failed("Task change failed", "任务变更失败"),
  REBUILD_NODE_FAILED: failed("Fault recovery failed", "故障恢复失败"),
  NODE_UPGRADE_FAILED: failed("Upgrade failed", "升级失败"),
  // May still be billed.
  RELEASE_RESOURCE_FAILED: failed("Ending failed", "结束失败"),

  SUBSCRIPTION_STARTED: inMotion("PENDING", "Subscription started", "订阅已启动"),
  SUBSCRIPTION_FAILED: failedForGood("Subscription failed", "订阅失败"),
  SUCCESS: over("SUCCEEDED", "Succeeded", "成功"),
  TRANSFERRING: inMotion("RUNNING", "Transferring", "传输中"),
  FAILED: failedForGood("Failed", "失败"),
  "PRECHECK FAILED": failed("Pre-check failed", "预检查失败"),
};

const spellings: ReadonlyMap<string, string> = new Map([["PAUSEING", "PAUSING"]]);

export function foldDrsStatus(raw: string): string {
  const folded = raw.trim().toUpperCase();
  return spellings.get(folded) ?? folded;
}

/** The enumeration is open, and its words are built alike. */
export function inferDrsStatus(folded: string): StatusMeaning | null {
  if (folded.endsWith("_FAILED")) {
    return { status: "FAILED", isTerminal: false, needsAttention: true, labels: null, inferred: true };
  }
  if (folded.endsWith("_STARTED") || folded.endsWith("_STARTING")) {
    return { status: "RUNNING", isTerminal: false, needsAttention: false, labels: null, inferred: true };
  }
  return null;
}

function inMotion(status: TaskStatus, en: string, zh: string): StatusMeaning {
  return { status, isTerminal: false, needsAttention: false, labels: { en, "zh-CN": zh } };
}

function waiting(status: TaskStatus, en: string, zh: string): StatusMeaning {
  return { status, isTerminal: false, needsAttention: true, labels: { en, "zh-CN": zh } };
}

function over(status: TaskStatus, en: string, zh: string): StatusMeaning {
  return { status, isTerminal: true, needsAttention: false, labels: { en, "zh-CN": zh } };
}

/** Retried, resumed or reset at the provider, it may go on. */
function failed(en: string, zh: string): StatusMeaning {
  return { status: "FAILED", isTerminal: false, needsAttention: true, labels: { en, "zh-CN": zh } };
}

function failedForGood(en: string, zh: string): StatusMeaning {
  return { status: "FAILED", isTerminal: true, needsAttention: true, labels: { en, "zh-CN": zh } };
}
