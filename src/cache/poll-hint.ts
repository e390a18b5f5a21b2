import type { EpochMs, TaskState, TaskStatus } from "../tasks/task.ts";

/** How often asking can bring news, per provider. */
export interface PollRange {
  readonly pollFloorSeconds: number;
  readonly pollCapSeconds: number;
}

/** These change when somebody acts, not by themselves. */
const idleStatuses: ReadonlySet<TaskStatus> = new Set(["PAUSED", "WAITING", "UNKNOWN"]);

const idlePollMs = 60_000;
const failedPollMs = 300_000;

/**
 * When it is worth asking again; null for a terminal task. A task that runs for long is asked less often (a tenth of its
 * age, within the provider's range). ±10 % jitter spreads clients that began together.
 */
export function pollAfter(state: TaskState, range: PollRange, now: EpochMs, random: () => number): EpochMs | null {
  if (state.isTerminal) return null;
  return Math.round(now + waitMs(state, range, now) * (0.9 + 0.2 * random()));
}

function waitMs(state: TaskState, { pollFloorSeconds, pollCapSeconds }: PollRange, now: EpochMs): number {
  if (idleStatuses.has(state.status)) return idlePollMs;
  if (state.status === "FAILED") return failedPollMs;
  const ageMs = state.createdAt === null ? 0 : now - state.createdAt;
  return Math.min(Math.max(pollFloorSeconds * 1000, 0.1 * ageMs), pollCapSeconds * 1000);
}
