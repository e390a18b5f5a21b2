import type { CallAnswer, IdAnswer, ProviderClient, TaskCall } from "../../../src/providers/provider.ts";
import { createProblem, type ProblemCode } from "../../../src/tasks/problem.ts";
import type { TaskState } from "../../../src/tasks/task.ts";

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

/** How one call goes: for how long, or for ever. */
export interface Mood {
  readonly delayMs: number;
  readonly hangs: boolean;
}

/** A point in the order of all that happens, and its time. */
export interface Moment {
  readonly turn: number;
  readonly at: number;
}

/** One call, as the far side saw it. */
export interface SeenCall {
  readonly index: number;
  readonly account: string;
  readonly read: string;
  readonly scope: string;
  readonly localIds: readonly string[];
  readonly facets: ReadonlySet<string>;
  readonly limits: TaskCall["limits"];
  readonly started: Moment;
  /** Calls of the account that were under way when it began, itself included. */
  readonly together: number;
  ended: Moment | null;
  aborted: Moment | null;
  /** `answered`, or the code of the call's failure, or `threw`. */
  result: ProblemCode | "answered" | "threw" | null;
}

export interface ModelUpstreamOptions {
  readonly account: string;
  truthOf(localId: string, scope: string): Truth;
  moodOf(call: SeenCall): Mood;
  moment(): Moment;
  /** Every call of all upstreams, in order. */
  readonly seen: SeenCall[];
  onAbort?(call: SeenCall): void;
}

/**
 * The far end of batching. Holds a truth for every id, answers late and in another order than it was asked, adds rows
 * that nobody asked for, ends with its call's signal and its call's deadline.
 */
export function createModelUpstream(options: ModelUpstreamOptions): ProviderClient {
  const { account, truthOf, moment, seen } = options;

  function begin({ read, scope, localIds, facets, limits }: TaskCall): SeenCall {
    const underWay = seen.filter((call) => call.account === account && call.ended === null).length;
    const call: SeenCall = {
      index: seen.length,
      account,
      read,
      scope,
      localIds: [...localIds],
      facets: new Set(facets),
      limits,
      started: moment(),
      together: underWay + 1,
      ended: null,
      aborted: null,
      result: null,
    };
    seen.push(call);
    return call;
  }

  function fetchTasks(asked: TaskCall): Promise<CallAnswer> {
    const call = begin(asked);
    const mood = options.moodOf(call);
    const doneAt = mood.hangs ? Number.POSITIVE_INFINITY : Date.now() + mood.delayMs;
    const truths = call.localIds.map((localId) => truthOf(localId, call.scope));
    if (truths.includes("throws") && call.index % 2 === 0) {
      end(call, "threw");
      throw new Error(`cannot ask ${account}`);
    }
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const finish = (answer: CallAnswer): void => {
        clearTimeout(timer);
        asked.limits.signal.removeEventListener("abort", leave);
        end(call, answer.kind === "answered" ? "answered" : answer.problem.code);
        resolve(answer);
      };
      const leave = (): void => {
        call.aborted = moment();
        options.onAbort?.(call);
        finish(failure(call, "TIMEOUT", false));
      };
      const look = (): void => {
        if (Date.now() >= doneAt) {
          if (!truths.includes("throws")) {
            finish(answerOf(call, truths));
            return;
          }
          asked.limits.signal.removeEventListener("abort", leave);
          end(call, "threw");
          reject(new Error(`cannot read the rows of ${account}`));
        } else if (Date.now() >= asked.limits.deadlineAt) finish(failure(call, "TIMEOUT", false));
        else timer = setTimeout(look, Math.min(doneAt, asked.limits.deadlineAt) - Date.now());
      };
      asked.limits.signal.addEventListener("abort", leave, { once: true });
      if (asked.limits.signal.aborted) leave();
      else look();
    });
  }

  function end(call: SeenCall, result: SeenCall["result"]): void {
    call.ended = moment();
    call.result = result;
  }

  function answerOf(call: SeenCall, truths: readonly Truth[]): CallAnswer {
    if (truths.includes("outage")) return failure(call, "UPSTREAM_UNAVAILABLE", false);
    if (truths.includes("poison")) return failure(call, "UPSTREAM_ERROR", true);
    const answers = new Map<string, IdAnswer>();
    for (const foreign of ["0", "1", "2", "3", "foreign"]) {
      if (!call.localIds.includes(foreign)) answers.set(foreign, { state: stateNamed("nobody's", []) });
    }
    for (const localId of inAnotherOrder(call.localIds, call.index)) {
      const truth = truthOf(localId, call.scope);
      const name = nameOf(account, call.scope, localId);
      if (truth === "refused") answers.set(localId, { problem: createProblem("NOT_FOUND", name) });
      else if (truth !== "left-out") answers.set(localId, { state: stateNamed(name, call.facets) });
    }
    return { kind: "answered", answers, observedAt: Date.now(), foreignRows: call.index % 3 };
  }

  return { fetchTasks };
}

/** Tells a task from every other one. */
export function nameOf(account: string, scope: string, localId: string): string {
  return `${account}|${scope}|${localId}`;
}

/** The problem names its call, so that a test can tell whose it is. */
function failure(call: SeenCall, code: ProblemCode, divisible: boolean): CallAnswer {
  return { kind: "failed", problem: createProblem(code, `call ${call.index}`), divisible };
}

/** A state that says whose it is, and which facets it was asked for. */
function stateNamed(name: string, facets: Iterable<string>): TaskState {
  const parts = Object.fromEntries([...facets].map((facet) => [facet, `${facet} of ${name}`]));
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
    ...parts,
  };
}

function inAnotherOrder(ids: readonly string[], seed: number): string[] {
  const from = ids.length === 0 ? 0 : seed % ids.length;
  const turned = [...ids.slice(from), ...ids.slice(0, from)];
  return seed % 2 === 0 ? turned.reverse() : turned;
}
