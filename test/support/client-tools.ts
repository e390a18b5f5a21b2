import { createConnections } from "../../src/http/connections.ts";
import { createCredentialStore } from "../../src/http/credential-store.ts";
import { createSender } from "../../src/http/sender.ts";
import type { CallAnswer, ClientTools, FailedCall, IdAnswer, TaskCall } from "../../src/providers/provider.ts";
import type { Problem } from "../../src/tasks/problem.ts";
import type { TaskState } from "../../src/tasks/task.ts";

export interface TestTools extends ClientTools {
  /** Moves the clock; it stands still otherwise. */
  advance(milliseconds: number): void;
  close(): Promise<void>;
}

export const testStartAt = Date.parse("2026-08-01T12:00:00Z");

/** What a provider client is handed, with a clock that stands still and no jitter; calls go out over real HTTP. */
export function createTestTools(options: { maxConcurrentCalls?: number; random?: () => number } = {}): TestTools {
  const { maxConcurrentCalls = 8, random = () => 0 } = options;
  const dispatcher = createConnections(maxConcurrentCalls);
  let time = testStartAt;
  const now = (): number => time;
  const send = createSender({
    provider: "test",
    dispatcher,
    attemptTimeoutMs: 3_000,
    maxConcurrentCalls,
    metrics: { upstreamAttempt: () => undefined },
    now,
    random,
  });
  return {
    send,
    now,
    random,
    credentials: createCredentialStore(now),
    advance: (milliseconds) => {
      time += milliseconds;
    },
    close: () => dispatcher.close(),
  };
}

/** A call that has time for quick repeats and none for the long wait after throttling. */
export function taskCall(localIds: readonly string[], rest: Partial<TaskCall> = {}): TaskCall {
  return {
    read: "",
    localIds,
    scope: "",
    facets: new Set(),
    signal: new AbortController().signal,
    deadlineAt: testStartAt + 700,
    ...rest,
  };
}

export function failureOf(answer: CallAnswer): FailedCall {
  if (answer.kind !== "failed") throw new Error("The call was answered.");
  return answer;
}

export function stateOf<State extends TaskState>(answer: CallAnswer, id: string): State {
  const idAnswer = answerFor(answer, id);
  if (!("state" in idAnswer)) throw new Error(`${id} has a problem: ${idAnswer.problem.code}`);
  return idAnswer.state as State;
}

export function problemOf(answer: CallAnswer, id: string): Problem {
  const idAnswer = answerFor(answer, id);
  if (!("problem" in idAnswer)) throw new Error(`${id} has a state.`);
  return idAnswer.problem;
}

function answerFor(answer: CallAnswer, id: string): IdAnswer {
  if (answer.kind !== "answered") throw new Error(`The call failed: ${answer.problem.code}`);
  const idAnswer = answer.answers.get(id);
  if (!idAnswer) throw new Error(`${id} has no answer.`);
  return idAnswer;
}
