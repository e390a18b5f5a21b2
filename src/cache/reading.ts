import { nothingMissing, type ObservationSource } from "../tasks/outcome.ts";
import type { Problem } from "../tasks/problem.ts";
import type { EpochMs, TaskState } from "../tasks/task.ts";
import { freshForMs } from "./freshness.ts";
import type { FoundAnswer, KnownTask, LastAnswer } from "./known-task.ts";
import { nextPoll, type PollRange, pollIntervalMs, spreadPoll } from "./poll-hint.ts";

/** What somebody who asks for a task gets. */
export type LoadedTask = TaskReading | ProblemReading;

/** A task as it is shown now. */
export interface TaskReading {
  readonly kind: "reading";
  readonly state: TaskState;
  readonly observedAt: EpochMs;
  readonly source: ObservationSource;
  /** Costlier parts that were wanted and could not be had, by facet. */
  readonly missing: ReadonlyMap<string, Problem>;
  /** What kept a newer answer away, when one was wanted; null for one that is good. */
  readonly problem: Problem | null;
  /** Until then asking again would hardly bring news. */
  readonly freshUntilAt: EpochMs;
  /** Null when terminal. */
  readonly pollAfterAt: EpochMs | null;
}

export interface ProblemReading {
  readonly kind: "problem";
  readonly problem: Problem;
}

export const problemReading = (problem: Problem): ProblemReading => ({ kind: "problem", problem });

/** An answer that is good, from what is known of its task. */
export function readingOf(
  answer: FoundAnswer,
  { firstSeenAt }: KnownTask,
  range: PollRange,
  random: () => number,
): TaskReading {
  const { state, observedAt } = answer;
  const goodForMs = freshForMs(answer, range);
  const task = { state, observedAt, firstSeenAt };
  const pollAt = nextPoll(task, range);
  return {
    kind: "reading",
    state,
    observedAt,
    source: "CACHE",
    missing: nothingMissing,
    problem: null,
    freshUntilAt: observedAt + goodForMs,
    pollAfterAt: pollAt === null ? null : spreadPoll(pollAt, pollIntervalMs(task, range), goodForMs, random),
  };
}

/** The last that is known, shown because of a problem: its time to ask again is over. */
export function staleReadingOf(
  { answer, missing }: LastAnswer,
  known: KnownTask,
  problem: Problem,
  range: PollRange,
  now: EpochMs,
  random: () => number,
): TaskReading {
  const intervalMs = pollIntervalMs({ state: answer.state, observedAt: now, firstSeenAt: known.firstSeenAt }, range);
  const retryAt = problem.retryAfterAt ?? spreadPoll(now + intervalMs, intervalMs, intervalMs, random);
  return {
    ...readingOf(answer, known, range, random),
    source: "STALE_CACHE",
    missing,
    problem,
    pollAfterAt: answer.state.isTerminal ? null : retryAt,
  };
}
