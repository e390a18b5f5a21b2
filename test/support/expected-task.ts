import type { HeldTask } from "../../src/sandbox/upstream.ts";

/** What the graph should say of a task that the sandbox holds, as far as the status call tells it. */
export interface ExpectedTask {
  readonly id: string;
  readonly status: string;
  readonly isTerminal: boolean;
  readonly needsAttention: boolean;
  readonly rawStatus: { readonly value: string };
}

type Meaning = readonly [status: string, isTerminal: boolean, needsAttention: boolean];

const eiotclubMeanings: Readonly<Record<string, Meaning>> = {
  "0": ["PENDING", false, false],
  "1": ["RUNNING", false, false],
  "2": ["SUCCEEDED", true, false],
  "-1": ["CANCELED", true, false],
  "-2": ["FAILED", true, true],
};

const dliMeanings: Readonly<Record<string, Meaning>> = {
  starting: ["PENDING", false, false],
  running: ["RUNNING", false, false],
  recovering: ["RUNNING", false, false],
  success: ["SUCCEEDED", true, false],
  dead: ["FAILED", true, true],
};

const sopsMeanings: Readonly<Record<string, Meaning>> = {
  CREATED: ["PENDING", false, false],
  READY: ["PENDING", false, false],
  RUNNING: ["RUNNING", false, false],
  SUSPENDED: ["PAUSED", false, true],
  NODE_SUSPENDED: ["PAUSED", false, true],
  FAILED: ["FAILED", false, true],
  FINISHED: ["SUCCEEDED", true, false],
  REVOKED: ["CANCELED", true, false],
  EXPIRED: ["EXPIRED", true, false],
};

const drsRunning =
  "FULL_TRANSFER_STARTED FULL_TRANSFER_COMPLETE INCRE_TRANSFER_STARTED CHILD_TRANSFER_COMPLETE CHILD_TRANSFER_STARTED CHANGE_JOB_STARTED REBUILD_NODE_STARTED NODE_UPGRADE_START NODE_UPGRADE_COMPLETE";
const drsFailed =
  "START_JOB_FAILED FULL_TRANSFER_FAILED INCRE_TRANSFER_FAILED CHILD_TRANSFER_FAILED CHANGE_JOB_FAILED REBUILD_NODE_FAILED NODE_UPGRADE_FAILED RELEASE_RESOURCE_FAILED";

const drsMeanings: Readonly<Record<string, Meaning>> = {
  ...meaningsOf("CREATING STARTJOBING CHILD_TRANSFER_STARTING WAITING_FOR_START", ["PENDING", false, false]),
  ...meaningsOf(drsRunning, ["RUNNING", false, false]),
  ...meaningsOf(drsFailed, ["FAILED", false, true]),
  ...meaningsOf("CONFIGURATION", ["WAITING", false, true]),
  ...meaningsOf("PAUSING PAUSEING", ["PAUSED", false, true]),
  ...meaningsOf("RELEASE_RESOURCE_STARTED RELEASE_CHILD_TRANSFER_STARTED", ["STOPPING", false, false]),
  ...meaningsOf("RELEASE_RESOURCE_COMPLETE RELEASE_CHILD_TRANSFER_COMPLETE DELETED", ["ENDED", true, false]),
  ...meaningsOf("CREATE_FAILED", ["FAILED", true, true]),
};

function meaningsOf(words: string, meaning: Meaning): Record<string, Meaning> {
  return Object.fromEntries(words.split(" ").map((word) => [word, meaning]));
}

/** Feishu's number means little without the counters beside it. */
function feishuMeaning({ rawStatus, row }: HeldTask): Meaning {
  const data = dataOf(row);
  const isComplete =
    rawStatus === "9" || (rawStatus === "8" && Number(data.finish_time ?? 0) > 0 && "task_info" in data);
  if (rawStatus === "10") return ["FAILED", true, true];
  if (!isComplete) return ["RUNNING", false, false];
  if (Number(data.fail_num) === 0) return ["SUCCEEDED", true, false];
  return Number(data.success_num) > 0 ? ["PARTIALLY_SUCCEEDED", true, true] : ["FAILED", true, true];
}

function dataOf(row: unknown): Readonly<Record<string, unknown>> {
  const body = row as { readonly data?: Readonly<Record<string, unknown>> };
  return body.data ?? (row as Readonly<Record<string, unknown>>);
}

/** Written from the contracts' tables, apart from the service's own. Accounts are told apart as the sandbox names them. */
export function expectedTask(held: HeldTask): ExpectedTask {
  const meaning = meaningOf(held);
  if (!meaning) throw new Error(`No meaning for ${held.account} ${held.rawStatus}`);
  const [status, isTerminal, needsAttention] = meaning;
  return {
    id: `${held.account}:${held.upstreamId}`,
    status,
    isTerminal,
    needsAttention,
    rawStatus: { value: held.rawStatus },
  };
}

function meaningOf(held: HeldTask): Meaning | undefined {
  if (held.account === "sim") return eiotclubMeanings[held.rawStatus];
  if (held.account.startsWith("spark")) return dliMeanings[held.rawStatus.toLowerCase()];
  if (held.account.startsWith("ops")) return sopsMeanings[held.rawStatus];
  if (held.account.startsWith("drs")) return drsMeanings[held.rawStatus];
  return feishuMeaning(held);
}
