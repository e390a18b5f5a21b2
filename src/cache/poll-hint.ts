import type { EpochMs, TaskState, TaskStatus } from "../tasks/task.ts";

/** How often asking can bring news, per provider. */
export interface PollRange {
  readonly pollFloorSeconds: number;
  readonly pollCapSeconds: number;
}

/** What a task was doing, and since when that is known. */
export interface PolledTask {
  readonly state: TaskState;
  /** When the first answer came that is remembered: for a task whose creation nobody tells. */
  readonly firstSeenAt: EpochMs;
  /** When the answer came. */
  readonly observedAt: EpochMs;
}

/** These change when somebody acts, not by themselves. */
const idleStatuses: ReadonlySet<TaskStatus> = new Set(["PAUSED", "WAITING", "UNKNOWN"]);

const idlePollMs = 60_000;
const failedPollMs = 300_000;

const ageShare = 0.1;
const jitterShare = 0.1;

/** Less of the interval is too soon. */
const soonestShare = 0.8;

/**
 * When it is worth asking again; null for a terminal task. A task that runs for long is asked less often (a tenth of its
 * age, within the provider's range).
 *
 * Counted from the answer, and put on a grid of the provider's floor that all its tasks and all replicas have in common. So
 * clients that began at different times, and watch other tasks besides, come back together and share the next answer.
 * Counted from the moment of asking, each group of clients would go on paying for itself.
 */
export function nextPoll(task: PolledTask, range: PollRange): EpochMs | null {
  if (task.state.isTerminal) return null;
  const { observedAt } = task;
  const intervalMs = pollIntervalMs(task, range);
  const stepMs = range.pollFloorSeconds * 1000;
  const nearest = Math.round((observedAt + intervalMs) / stepMs);
  const soonest = Math.ceil((observedAt + soonestShare * intervalMs) / stepMs);
  return Math.max(nearest, soonest) * stepMs;
}

/** How often it is worth asking for a task. */
export function pollIntervalMs({ state, firstSeenAt, observedAt }: PolledTask, range: PollRange): number {
  if (idleStatuses.has(state.status)) return idlePollMs;
  if (state.status === "FAILED") return failedPollMs;
  const ageMs = observedAt - (state.createdAt ?? firstSeenAt);
  return Math.min(Math.max(range.pollFloorSeconds * 1000, ageShare * ageMs), range.pollCapSeconds * 1000);
}

/**
 * Spreads those who are told the same time by ±10 % of the interval, but by no more than an answer is good for: else the
 * first to come back would have fetched an answer in vain for the last.
 */
export function spreadPoll(pollAt: EpochMs, intervalMs: number, goodForMs: number, random: () => number): EpochMs {
  const spreadMs = Math.min(jitterShare * intervalMs, goodForMs / 2);
  return Math.round(pollAt + spreadMs * (2 * random() - 1));
}
