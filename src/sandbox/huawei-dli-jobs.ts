import { createHash } from "node:crypto";
import { MAIN_PROJECT, SUB_PROJECT } from "./huawei-directory.ts";
import { type TaskLife, taskLifeAt } from "./task-life.ts";

export interface DliJob {
  /** Lower case. */
  readonly id: string;
  /** Also the number by which it draws its life. */
  readonly index: number;
  readonly projectId: string;
  /** Created with `auto_recovery`: only such a job can be `recovering`. */
  readonly autoRecovery: boolean;
  /** The state in which it stays; null: it lives on the clock. */
  readonly fixedState: DliState | null;
  /** Epoch milliseconds. For a fixed state, when it was entered; else when the sandbox began. */
  readonly sinceMs: number;
}

export type DliState = (typeof DLI_STATES)[number];

/** Where a job is in its life. Instants are epoch milliseconds. */
export interface DliMoment {
  readonly state: DliState;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export const DLI_STATES = ["starting", "running", "recovering", "success", "dead"] as const;

/** The id of the vendor's sample answer. */
export const SEED_BATCH_ID = "0a324461-d9d9-45da-a52a-3b3c7a3d809e";

const JOBS_PER_STATE = 6;
const LIVING_JOBS = 48;
const HOUR_MS = 3_600_000;

/** Jobs of a sandbox that began at `originMs`: six that stay in each state, 48 that live, and one of another project. */
export function createDliJobs(originMs: number): readonly DliJob[] {
  const fixedStates = Array.from({ length: JOBS_PER_STATE }, () => DLI_STATES).flat();
  const fixed = fixedStates.map((state, index) => fixedJob(index, state, originMs));
  const living = Array.from({ length: LIVING_JOBS }, (_, position) => livingJob(fixed.length + position, originMs));
  const elsewhere = { ...fixedJob(fixed.length + LIVING_JOBS, "running", originMs), projectId: SUB_PROJECT.id };
  return [...fixed, ...living, elsewhere];
}

export function dliMomentOf(job: DliJob, nowMs: number): DliMoment {
  if (job.fixedState !== null) {
    return { state: job.fixedState, createdAtMs: job.sinceMs - HOUR_MS, updatedAtMs: job.sinceMs };
  }
  const life = taskLifeAt(job.index, job.sinceMs, nowMs);
  return {
    state: livingState(life, job.autoRecovery),
    createdAtMs: life.createdAt,
    updatedAtMs: life.endedAt ?? life.startedAt ?? life.createdAt,
  };
}

/** Canceling a job ends in `dead`, exactly as failing does. DLI knows no pause. */
function livingState(life: TaskLife, autoRecovery: boolean): DliState {
  switch (life.phase) {
    case "waiting":
      return "starting";
    case "running":
    case "paused":
      return autoRecovery && life.fraction >= 0.3 && life.fraction < 0.5 ? "recovering" : "running";
    case "succeeded":
      return "success";
    case "failed":
    case "stopped":
      return "dead";
  }
}

function fixedJob(index: number, state: DliState, originMs: number): DliJob {
  const hoursAgo = 1 + 2 * Math.floor(index / DLI_STATES.length);
  return {
    id: uuidOf(`dli-${index}`),
    index,
    projectId: MAIN_PROJECT.id,
    autoRecovery: state === "recovering" || index % 2 === 0,
    fixedState: state,
    sinceMs: originMs - hoursAgo * HOUR_MS,
  };
}

function livingJob(index: number, originMs: number): DliJob {
  return {
    id: uuidOf(`dli-${index}`),
    index,
    projectId: MAIN_PROJECT.id,
    autoRecovery: index % 3 === 0,
    fixedState: null,
    sinceMs: originMs,
  };
}

/** The same UUID for the same text, so that ids survive a restart. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
