import { createHash } from "node:crypto";
import { hashToFraction } from "./hash-to-fraction.ts";
import { MAIN_PROJECT, SUB_PROJECT } from "./huawei-directory.ts";
import { type TaskLife, taskLifeAt } from "./task-life.ts";

export type DrsJobKind = "full" | "full-and-incremental" | "parent";

export interface DrsJob {
  /** Lower case. */
  readonly id: string;
  /** Also the number by which it draws its life. */
  readonly index: number;
  readonly projectId: string;
  readonly kind: DrsJobKind;
  /** The status in which it stays; null: it lives on the clock. */
  readonly fixedStatus: string | null;
  /** Epoch milliseconds. For a fixed status, when it was entered; else when the sandbox began. */
  readonly sinceMs: number;
  /** The row of batch-status, if the vendor's sample has one for this id. */
  readonly sampleRow: Readonly<Record<string, unknown>> | null;
}

/** Where a job is in its life. Instants are epoch milliseconds. */
export interface DrsMoment {
  readonly status: string;
  /** 0 to 1. */
  readonly fractionDone: number;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly updatedAtMs: number;
}

/** The 29 values of the SDK and the vendor pages. The enum is open. */
export const DRS_STATUSES: readonly string[] = [
  "CREATING",
  "STARTJOBING",
  "CHILD_TRANSFER_STARTING",
  "WAITING_FOR_START",
  "CONFIGURATION",
  "FULL_TRANSFER_STARTED",
  "FULL_TRANSFER_COMPLETE",
  "INCRE_TRANSFER_STARTED",
  "CHILD_TRANSFER_COMPLETE",
  "CHILD_TRANSFER_STARTED",
  "CHANGE_JOB_STARTED",
  "REBUILD_NODE_STARTED",
  "NODE_UPGRADE_START",
  "NODE_UPGRADE_COMPLETE",
  "PAUSING",
  "RELEASE_RESOURCE_STARTED",
  "RELEASE_CHILD_TRANSFER_STARTED",
  "RELEASE_RESOURCE_COMPLETE",
  "RELEASE_CHILD_TRANSFER_COMPLETE",
  "DELETED",
  "CREATE_FAILED",
  "START_JOB_FAILED",
  "FULL_TRANSFER_FAILED",
  "INCRE_TRANSFER_FAILED",
  "CHILD_TRANSFER_FAILED",
  "CHANGE_JOB_FAILED",
  "REBUILD_NODE_FAILED",
  "NODE_UPGRADE_FAILED",
  "RELEASE_RESOURCE_FAILED",
];

const JOBS_PER_STATUS = 3;
const LIVING_JOBS = 130;
const HOUR_MS = 3_600_000;
/** Keeps the lives of these jobs apart from those of other emulated upstreams. */
const FIRST_INDEX = 5000;

const JOB_KINDS: readonly DrsJobKind[] = ["full-and-incremental", "full", "parent"];
const NOT_STARTED: readonly string[] = ["CREATING", "WAITING_FOR_START", "CONFIGURATION", "CREATE_FAILED"];

/** A working job is in the first status whose bound its progress has not reached. */
const WORKING_STATUSES: Readonly<Record<DrsJobKind, readonly (readonly [upTo: number, status: string])[]>> = {
  full: [
    [0.05, "STARTJOBING"],
    [0.85, "FULL_TRANSFER_STARTED"],
    [0.95, "FULL_TRANSFER_COMPLETE"],
    [1, "RELEASE_RESOURCE_STARTED"],
  ],
  "full-and-incremental": [
    [0.05, "STARTJOBING"],
    [0.4, "FULL_TRANSFER_STARTED"],
    [0.45, "FULL_TRANSFER_COMPLETE"],
    [0.95, "INCRE_TRANSFER_STARTED"],
    [1, "RELEASE_RESOURCE_STARTED"],
  ],
  parent: [
    [0.05, "CHILD_TRANSFER_STARTING"],
    [0.8, "CHILD_TRANSFER_STARTED"],
    [0.9, "CHILD_TRANSFER_COMPLETE"],
    [1, "RELEASE_CHILD_TRANSFER_STARTED"],
  ],
};

const FAILED_STATUS: Readonly<Record<DrsJobKind, string>> = {
  full: "FULL_TRANSFER_FAILED",
  "full-and-incremental": "INCRE_TRANSFER_FAILED",
  parent: "CHILD_TRANSFER_FAILED",
};

/**
 * Jobs of a sandbox that began at `originMs`: those of the vendor's sample, three that stay in each of the 29 statuses,
 * 130 that live, and one of another project.
 */
export function createDrsJobs(originMs: number, sample: unknown): readonly DrsJob[] {
  const fixedStatuses = Array.from({ length: JOBS_PER_STATUS }, () => DRS_STATUSES).flat();
  const fixed = fixedStatuses.map((status, index) => createJob(FIRST_INDEX + index, originMs - 6 * HOUR_MS, status));
  const livingFrom = FIRST_INDEX + fixed.length;
  const living = Array.from({ length: LIVING_JOBS }, (_, position) => createJob(livingFrom + position, originMs, null));
  const elsewhere = createJob(livingFrom + LIVING_JOBS, originMs, "INCRE_TRANSFER_STARTED");
  return [...sampleJobs(sample, originMs), ...fixed, ...living, { ...elsewhere, projectId: SUB_PROJECT.id }];
}

export function drsMomentOf(job: DrsJob, nowMs: number): DrsMoment {
  return job.fixedStatus === null
    ? livingMoment(job, taskLifeAt(job.index, job.sinceMs, nowMs), nowMs)
    : fixedMoment(job, job.fixedStatus);
}

function fixedMoment(job: DrsJob, status: string): DrsMoment {
  return {
    status,
    fractionDone: status.endsWith("_COMPLETE") ? 1 : hashToFraction(job.id),
    createdAtMs: job.sinceMs - 2 * HOUR_MS,
    startedAtMs: NOT_STARTED.includes(status) ? null : job.sinceMs - HOUR_MS,
    updatedAtMs: job.sinceMs,
  };
}

function livingMoment(job: DrsJob, life: TaskLife, nowMs: number): DrsMoment {
  return {
    status: livingStatus(job, life, nowMs),
    fractionDone: life.fraction,
    createdAtMs: life.createdAt,
    startedAtMs: life.startedAt,
    updatedAtMs: life.endedAt ?? life.startedAt ?? life.createdAt,
  };
}

/** There is no status of success: a job that did all its work has released its resources, as an aborted one has. */
function livingStatus(job: DrsJob, life: TaskLife, nowMs: number): string {
  switch (life.phase) {
    case "waiting":
      if (nowMs - life.createdAt < 20_000) return "CREATING";
      return job.index % 2 === 0 ? "WAITING_FOR_START" : "CONFIGURATION";
    case "running":
      return WORKING_STATUSES[job.kind].find(([upTo]) => life.fraction < upTo)?.[1] ?? "RELEASE_RESOURCE_STARTED";
    case "paused":
      return "PAUSING";
    case "failed":
      return FAILED_STATUS[job.kind];
    case "succeeded":
    case "stopped":
      return job.kind === "parent" ? "RELEASE_CHILD_TRANSFER_COMPLETE" : "RELEASE_RESOURCE_COMPLETE";
  }
}

function createJob(index: number, sinceMs: number, fixedStatus: string | null): DrsJob {
  const kind = JOB_KINDS[index % JOB_KINDS.length] ?? "full";
  return { id: jobId(index), index, projectId: MAIN_PROJECT.id, kind, fixedStatus, sinceMs, sampleRow: null };
}

function sampleJobs(sample: unknown, originMs: number): readonly DrsJob[] {
  const { results } = sample as { results: readonly { id: string; status: string }[] };
  return results.map((row, index) => ({
    ...createJob(index, originMs - 24 * HOUR_MS, row.status),
    id: row.id,
    kind: "full-and-incremental",
    sampleRow: row,
  }));
}

/** 8-4-4-4-12 like a UUID, but the last group ends in `jb` and two or three letters or digits. */
function jobId(index: number): string {
  const hex = createHash("sha256").update(`drs-${index}`).digest("hex");
  const ending = ["jb21", "jb502", "jb20i"][index % 3] ?? "jb21";
  const lastGroup = `${hex.slice(20, 32 - ending.length)}${ending}`;
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), lastGroup].join("-");
}
