import type { CallAnswer, IdAnswer, ProviderClient, TaskCall } from "../../src/providers/provider.ts";
import { createProblem } from "../../src/tasks/problem.ts";
import type { TaskState } from "../../src/tasks/task.ts";

/** What an upstream holds for an id, or does when it is asked for it. */
export type Truth =
  | "found"
  /** A row that says no. */
  | "refused"
  /** Left out of the client's answer, which is a defect of the client. */
  | "left-out"
  /** Fails every call that carries it, in a way that one id can cause. */
  | "poison"
  /** Fails every call that carries it, in a way that no id can cause. */
  | "outage"
  /** Makes the client throw, which is a defect of the client. */
  | "throws";

export interface UpstreamOfTruths extends ProviderClient {
  /** Every call that was made, in order. */
  readonly calls: readonly TaskCall[];
}

export const observedAt = 1_700_000_000_000;

/** The far end of batching: holds a truth for every id, and counts who asks for what. */
export function createUpstreamOfTruths(
  account: string,
  truthOf: (localId: string, scope: string) => Truth,
): UpstreamOfTruths {
  const calls: TaskCall[] = [];

  async function fetchTasks(call: TaskCall): Promise<CallAnswer> {
    calls.push(call);
    // Answers come back in another order than the calls went out.
    await new Promise<void>((resolve) => (calls.length % 2 === 0 ? setImmediate(resolve) : resolve()));
    const truths = call.localIds.map((localId) => truthOf(localId, call.scope));
    if (truths.includes("throws")) throw new Error(`cannot read the rows of ${account}`);
    if (truths.includes("outage")) return failure("UPSTREAM_UNAVAILABLE", call, false);
    if (truths.includes("poison")) return failure("UPSTREAM_ERROR", call, true);
    const answers = new Map<string, IdAnswer>();
    for (const localId of [...call.localIds].reverse()) {
      const truth = truthOf(localId, call.scope);
      if (truth !== "left-out") answers.set(localId, answerOf(truth, account, call, localId));
    }
    answers.set("foreign", answerOf("found", account, call, "foreign"));
    return { kind: "answered", answers, observedAt, foreignRows: 1 };
  }

  return { calls, fetchTasks };
}

function failure(code: "UPSTREAM_UNAVAILABLE" | "UPSTREAM_ERROR", call: TaskCall, divisible: boolean): CallAnswer {
  // The problem names the ids of its call, so that a test can tell whose it is.
  return { kind: "failed", problem: createProblem(code, call.localIds.join()), divisible };
}

function answerOf(truth: Truth, account: string, { scope }: TaskCall, localId: string): IdAnswer {
  const name = nameOf(account, scope, localId);
  return truth === "refused" ? { problem: createProblem("NOT_FOUND", name) } : { state: taskNamed(name) };
}

/** Tells a task from every other one. */
export function nameOf(account: string, scope: string, localId: string): string {
  return `${account}|${scope}|${localId}`;
}

export function taskNamed(name: string, rest: Partial<TaskState> = {}): TaskState {
  return {
    status: "RUNNING",
    isTerminal: false,
    needsAttention: false,
    rawStatus: { value: "running", labels: null, inferred: false },
    name,
    createdAt: null,
    startedAt: null,
    finishedAt: null,
    elapsedSeconds: null,
    progress: null,
    failure: null,
    webUrl: null,
    ...rest,
  };
}
