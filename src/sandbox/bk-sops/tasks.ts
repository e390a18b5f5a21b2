import { type TaskLife, taskLifeAt } from "../task-life.ts";

const DAY_MS = 86_400_000;

/** What is fixed about a made-up workflow task. */
export interface SopsTask {
  /** Digits; one of them is above 2^53. */
  readonly id: string;
  /** Business or project, as public task ids write it. */
  readonly scopeKey: string;
  readonly upstreamId: string;
  readonly name: string;
  /** Seeds its life and its nodes. */
  readonly number: number;
  /** Soft-deleted; returned all the same. */
  readonly isDeleted: boolean;
  /** Its details were cleaned away. */
  readonly isExpired: boolean;
}

const SERVICES = ["payment", "search", "login", "billing", "gateway", "report", "cache"];
const JOBS = ["release", "restart", "scale out", "rotate keys of", "back up", "migrate"];

export const SOPS_TASKS: readonly SopsTask[] = [
  ...tasksOf("2", 30_000_110n, 90),
  ...tasksOf("2", 9_007_199_254_740_993n, 1),
  ...tasksOf("3", 30_001_000n, 90),
  ...tasksOf("project-7", 30_007_000n, 25),
  ...tasksOf("4", 30_004_000n, 3),
  ...tasksOf("5", 30_005_000n, 12),
];

/** Expired tasks ended long before the sandbox began. */
export function sopsTaskLife(task: SopsTask, startedAt: number, now: number): TaskLife {
  if (!task.isExpired) return taskLifeAt(task.number, startedAt, now);
  const createdAt = Math.floor((startedAt - 800 * DAY_MS) / 1000) * 1000;
  return { phase: "succeeded", fraction: 1, createdAt, startedAt: createdAt + 5000, endedAt: createdAt + 65_000 };
}

function tasksOf(scopeKey: string, firstId: bigint, count: number): readonly SopsTask[] {
  return Array.from({ length: count }, (_, index) => {
    const id = String(firstId + BigInt(index));
    const number = Number(id);
    return {
      id,
      scopeKey,
      upstreamId: `${scopeKey}/${id}`,
      name: `${JOBS[number % JOBS.length]} ${SERVICES[number % SERVICES.length]} ${id}`,
      number,
      isDeleted: index % 29 === 17,
      isExpired: index % 31 === 23,
    };
  });
}
