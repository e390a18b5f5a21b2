import type { EpochMs } from "../tasks/task.ts";
import type { KnownAnswer } from "./known-task.ts";
import type { PollRange } from "./poll-hint.ts";

const terminalMs = 600_000;

/** A dead job of some providers comes back to life. */
const terminalFailureMs = 60_000;

/** Somebody may resume it any time. */
const failureMs = 30_000;

/** It may be too new to be known. */
const notFoundMs = 5_000;

/** How long an answer may be shown past its time, when nothing newer can be had. */
const staleMs = 10 * 60_000;
const staleTerminalMs = 24 * 3_600_000;

/** Longer than any call lasts: what an older one tells later is not learnt. */
const refusedMs = 60_000;

/** How long an answer is good: as long as asking again would hardly bring news, and that depends on how the task is doing. */
export function freshForMs(answer: KnownAnswer, { pollFloorSeconds }: PollRange): number {
  if (answer.kind === "refused") return answer.problem.code === "NOT_FOUND" ? notFoundMs : 0;
  const { status, isTerminal } = answer.state;
  if (status === "FAILED") return isTerminal ? terminalFailureMs : failureMs;
  return isTerminal ? terminalMs : (pollFloorSeconds * 1000) / 2;
}

/** Until then the answer is as good as a new one. */
export function freshUntil(answer: KnownAnswer, range: PollRange): EpochMs {
  return answer.observedAt + freshForMs(answer, range);
}

/** Clocks of replicas may differ by that much. An answer from a later time shows that the clock was set back. */
const clockDifferenceMs = 1_000;

export function isFresh(answer: KnownAnswer, range: PollRange, now: EpochMs): boolean {
  return now < freshUntil(answer, range) && answer.observedAt <= now + clockDifferenceMs;
}

/** Until then the answer is better than none, or keeps an older one away. */
export function staleUntil(answer: KnownAnswer, range: PollRange): EpochMs {
  if (answer.kind === "refused") return answer.observedAt + refusedMs;
  return freshUntil(answer, range) + (answer.state.isTerminal ? staleTerminalMs : staleMs);
}
