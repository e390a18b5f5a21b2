import { createCredentialStore } from "../../src/http/credential-store.ts";
import { createOutbound, type OutboundMetrics } from "../../src/http/outbound.ts";
import type {
  CallAnswer,
  CallLimits,
  ClientTools,
  FailedCall,
  IdAnswer,
  TaskCall,
} from "../../src/providers/provider.ts";
import type { Problem } from "../../src/tasks/problem.ts";
import type { TaskState } from "../../src/tasks/task.ts";

export interface TestTools extends ClientTools {
  /** Moves the clock; it stands still otherwise. */
  advance(milliseconds: number): void;
  close(): Promise<void>;
}

export const testStartAt = Date.parse("2026-08-01T12:00:00Z");

/** What a provider client is handed, with a clock that stands still and no jitter; calls go out over real HTTP. */
export function createTestTools(options: { maxConcurrency?: number; random?: () => number } = {}): TestTools {
  const { maxConcurrency = 8, random = () => 0 } = options;
  let time = testStartAt;
  const now = (): number => time;
  const { send, sendForCredentials, close } = createOutbound({
    provider: "test",
    account: "one",
    attemptTimeoutMs: 3_000,
    startConcurrency: maxConcurrency,
    maxConcurrency,
    rateLimit: {},
    metrics: noMetrics,
    log: noLog,
    now,
    random,
  });
  return {
    send,
    sendForCredentials,
    now,
    random,
    credentials: createCredentialStore(now),
    advance: (milliseconds) => {
      time += milliseconds;
    },
    close,
  };
}

export const noMetrics: OutboundMetrics = {
  upstreamAttempt: () => undefined,
  upstreamRepeat: () => undefined,
  upstreamThrottled: () => undefined,
  upstreamWithheld: () => undefined,
  breakerChange: () => undefined,
  concurrencyLimit: () => undefined,
};

export const noLog = { info: () => undefined, warn: () => undefined };

/** A call that has time for quick repeats and none for the long wait after throttling. */
export function taskCall(
  localIds: readonly string[],
  rest: Partial<TaskCall> = {},
  limits: Partial<CallLimits> = {},
): TaskCall {
  return {
    read: "",
    localIds,
    scope: "",
    facets: new Set(),
    limits: { signal: new AbortController().signal, deadlineAt: testStartAt + 700, ...limits },
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
