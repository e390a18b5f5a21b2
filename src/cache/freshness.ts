import type { TaskState } from "../tasks/task.ts";
import type { PollRange } from "./poll-hint.ts";

const terminalMs = 600_000;

/** A dead job of some providers comes back to life. */
const terminalFailureMs = 60_000;

/** Somebody may resume it any time. */
const failureMs = 30_000;

/** How long an answer is good: as long as asking again would hardly bring news, and that depends on how the task is doing. */
export function freshForMs({ status, isTerminal }: TaskState, { pollFloorSeconds }: PollRange): number {
  if (status === "FAILED") return isTerminal ? terminalFailureMs : failureMs;
  return isTerminal ? terminalMs : (pollFloorSeconds * 1000) / 2;
}
