import { vi } from "vitest";
import type { KnownAnswer } from "../../src/cache/known-task.ts";
import type { AnswerTimes, Consultation } from "../../src/cache/shared-answers.ts";
import { createSharedAnswers, type RedisAnswers, type SharingAccount } from "../../src/redis/shared-answers.ts";
import { createStore, type Store } from "../../src/redis/store.ts";
import { createProblem } from "../../src/tasks/problem.ts";
import type { TaskState } from "../../src/tasks/task.ts";
import type { AskLimits, TaskKey } from "../../src/tasks/task-key.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { taskNamed } from "../batching/upstream-of-truths.ts";

/** One of several processes of the service, as far as it shares answers. */
export interface Replica {
  readonly answers: RedisAnswers;
  readonly store: Store;
  readonly witnessed: number[];
  /** Ids, and until when. */
  readonly suspects: [id: string, untilAt: number][];
  /** Scripts that it had Redis run. */
  readonly runs: { readonly keys: readonly string[] }[];
  /** How many of them Redis had to answer at the same time. */
  mostAtOnce(): number;
  close(): Promise<void>;
}

export const someAccount: SharingAccount = { secrets: ["some-secret"], identity: ["http://one.test"] };

export async function startReplica(
  url: string,
  prefix: string,
  accounts: Readonly<Record<string, SharingAccount>> = { one: someAccount },
  now: () => number = Date.now,
): Promise<Replica> {
  const log = { info: vi.fn(), warn: vi.fn() };
  const store = createStore({ url, prefix, metrics: createMetrics(), log, random: Math.random });
  const [witnessed, suspects, runs]: [number[], [string, number][], { keys: readonly string[] }[]] = [[], [], []];
  let [underWay, mostAtOnce] = [0, 0];
  const answers = createSharedAnswers({
    accounts: new Map(Object.entries(accounts)),
    prefix,
    store: {
      ...store,
      run(script, keys, args) {
        runs.push({ keys });
        underWay += 1;
        mostAtOnce = Math.max(mostAtOnce, underWay);
        return store.run(script, keys, args).finally(() => {
          underWay -= 1;
        });
      },
    },
    log,
    now,
    suspectFound: ({ id }, untilAt) => suspects.push([id, untilAt]),
    witness: (sequence) => witnessed.push(sequence),
  });
  await answers.ready;
  await vi.waitFor(() => {
    if (!store.isAvailable()) throw new Error("The store is not in use yet.");
  }, 10_000);
  return { answers, store, witnessed, suspects, runs, mostAtOnce: () => mostAtOnce, close: () => store.close() };
}

export function keyOf(localId: string, facets: readonly string[] = [], scope = "", account = "one"): TaskKey {
  const upstreamId = scope === "" ? localId : `${scope}/${localId}`;
  const id = `${account}:${upstreamId}`;
  return {
    reference: { id, provider: "TEST", typename: "TestTask", account, upstreamId, scope, localId },
    facets: new Set(facets),
  };
}

/** A sequence as replicas make them, some milliseconds after the first one. */
export const sequenceAt = (milliseconds: number): number => (1_760_000_000_000 + milliseconds) * 1000;

export function found(
  sequence: number,
  name: string,
  facets: readonly string[] = [],
  state?: Partial<TaskState>,
): KnownAnswer {
  const observedAt = Math.floor(sequence / 1000);
  return { kind: "found", state: taskNamed(name, state), facets: new Set(facets), observedAt, sequence };
}

export function notFound(sequence: number): KnownAnswer {
  const problem = createProblem("NOT_FOUND", "There is no such task.");
  return { kind: "refused", problem, observedAt: Math.floor(sequence / 1000), sequence };
}

/** Good for so long from now on. */
export const goodFor = (freshMs: number, keepMs = 60_000, now = Date.now()): AnswerTimes => ({
  firstSeenAt: now - 5_000,
  freshUntilAt: now + freshMs,
  keepUntilAt: now + keepMs,
});

export const limitsOf = (leftMs = 8_000, signal = new AbortController().signal, now = Date.now()): AskLimits => ({
  signal,
  deadlineAt: now + leftMs,
});

/** What is told of each in the end. */
export async function toldAtLast(
  { answers }: Pick<Replica, "answers">,
  keys: readonly TaskKey[],
  limits = limitsOf(),
): Promise<Consultation["told"]> {
  const { told, awaited } = await answers.consult(keys, limits);
  const later = await awaited?.told;
  return told.map((known, index) => (awaited?.indexes.has(index) ? (later?.[index] ?? null) : known));
}

/** What is known of each, newest first, by its name. */
export async function namesOf(
  { answers }: Replica,
  keys: readonly TaskKey[],
  limits = limitsOf(),
): Promise<readonly (readonly (string | null)[])[]> {
  const told = await toldAtLast({ answers }, keys, limits);
  return told.map((known) => known?.answers.map((answer) => (answer.kind === "found" ? answer.state.name : "-")) ?? []);
}
