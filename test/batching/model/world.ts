import { getEventListeners } from "node:events";
import { createHealthRecord } from "../../../src/batching/account-health.ts";
import {
  type BatchedAccount,
  type Batching,
  type BatchingOptions,
  createBatching,
} from "../../../src/batching/batching.ts";
import type { Reads } from "../../../src/batching/plan-calls.ts";
import { createCallSequence } from "../../../src/cache/call-sequence.ts";
import type { Outcome } from "../../../src/tasks/outcome.ts";
import type { TaskKey } from "../../../src/tasks/task-key.ts";
import { keyOf } from "../task-keys.ts";
import { createModelAdmission, type ModelAdmission } from "./admission.ts";
import { type ModelClock, onModelClock, startAt } from "./clock.ts";
import type { PlannedAccount, PlannedOperation, Scenario } from "./scenario.ts";
import { createModelUpstream, type Moment, nameOf, type SeenCall } from "./upstream.ts";

/** An operation, and what became of it. */
export interface SeenOperation {
  readonly index: number;
  readonly plan: PlannedOperation;
  readonly keys: readonly TaskKey[];
  readonly arrived: Moment;
  readonly deadlineAt: number;
  readonly signal: AbortSignal;
  /** When its client went away or its time was over. */
  left: Moment | null;
  /** Every time that it was answered: once. */
  readonly settled: (Moment & { readonly outcomes: readonly Outcome[] })[];
}

export interface World {
  readonly scenario: Scenario;
  readonly batching: Batching;
  readonly operations: readonly SeenOperation[];
  /** In the order in which they began. */
  readonly calls: readonly SeenCall[];
  readonly admissions: ReadonlyMap<string, ModelAdmission>;
  /** Sends an operation in now. */
  start(plan: PlannedOperation): SeenOperation;
}

export interface Watch {
  /** Whenever all has happened that can happen without time going by. */
  onQuiet?(world: World, clock: ModelClock): void;
  onAbort?(world: World, call: SeenCall): void;
}

export function readsOf({ kind, limit }: PlannedAccount): Reads {
  if (kind === "one-read") return [{ name: "read", maxIdsPerCall: limit, brings: ["progress", "detail"] }];
  return [
    { name: "status", maxIdsPerCall: limit, brings: [] },
    { name: "progress", maxIdsPerCall: limit, brings: ["progress"] },
    { name: "detail", maxIdsPerCall: Math.ceil(limit / 3), brings: ["detail"] },
  ];
}

/** Builds the engine between a scenario's operations and its far side. Wants a model clock. */
export function createWorld(scenario: Scenario, watch: Watch = {}): World {
  let turn = 0;
  const moment = (): Moment => {
    turn += 1;
    return { turn, at: Date.now() };
  };
  const calls: SeenCall[] = [];
  const operations: SeenOperation[] = [];
  const admissions = new Map<string, ModelAdmission>();
  const accounts = new Map<string, BatchedAccount>();
  for (const [name, account] of Object.entries(scenario.accounts)) {
    const admission = createModelAdmission(account.admission);
    admissions.set(name, admission);
    const client = createModelUpstream({
      account: name,
      seen: calls,
      moment,
      truthOf: (localId, scope) => scenario.truths.get(nameOf(name, scope, localId)) ?? "found",
      moodOf: ({ index }) => scenario.moods[index % scenario.moods.length] ?? { delayMs: 0, hangs: false },
      onAbort: (call) => watch.onAbort?.(world, call),
    });
    accounts.set(name, {
      provider: "test",
      client,
      reads: readsOf(account),
      health: createHealthRecord(admission),
      admission,
      maxWaitingIds: scenario.maxWaitingIds ?? 10_000,
    });
  }
  const batching = createBatching({
    gatherMs: 5,
    accounts,
    metrics: silentMetrics,
    log: { error: () => undefined, warn: () => undefined },
    now: () => Date.now(),
    nextSequence: createCallSequence(() => Date.now()).next,
    quarantineChanged: () => undefined,
  });

  function start(plan: PlannedOperation): SeenOperation {
    const controller = new AbortController();
    const operation: SeenOperation = {
      index: operations.length,
      plan,
      keys: plan.keys.map(({ account, localId, facets, scope }) => keyOf(account, localId, facets, scope)),
      arrived: moment(),
      deadlineAt: Date.now() + plan.deadlineAfter,
      signal: controller.signal,
      left: null,
      settled: [],
    };
    operations.push(operation);
    const leave = (): void => {
      if (operation.left) return;
      operation.left = moment();
      controller.abort(new DOMException("over", "TimeoutError"));
    };
    const { deadlineAt, signal } = operation;
    const timers = [setTimeout(leave, plan.deadlineAfter)];
    if (plan.leavesAfter !== null) timers.push(setTimeout(leave, plan.leavesAfter));
    const answered = batching.fetchTasks(operation.keys, { signal, deadlineAt });
    void answered.then((outcomes) => {
      operation.settled.push({ ...moment(), outcomes });
      for (const timer of timers) clearTimeout(timer);
    });
    return operation;
  }

  const world: World = { scenario, batching, operations, calls, admissions, start };
  return world;
}

/** Plays a scenario to its end: until nothing is left that could still happen. */
export function play(scenario: Scenario, watch: Watch = {}): Promise<World> {
  return onModelClock((clock) => playOn(clock, scenario, watch));
}

export async function playOn(clock: ModelClock, scenario: Scenario, watch: Watch = {}): Promise<World> {
  const world = createWorld(scenario, watch);
  for (const [at, plans] of Map.groupBy(scenario.operations, (plan) => plan.at)) {
    clock.at(startAt + at, () => {
      for (const plan of plans) world.start(plan);
    });
  }
  await clock.runToEnd(() => watch.onQuiet?.(world, clock));
  return world;
}

/** What still listens to operations. */
export function listenersLeft({ operations }: World): number {
  return operations.reduce((total, { signal }) => total + getEventListeners(signal, "abort").length, 0);
}

export const endOf = (operation: SeenOperation): Moment =>
  operation.settled[0] ?? { turn: Number.POSITIVE_INFINITY, at: Number.POSITIVE_INFINITY };

/** Takes every figure. */
const silentMetrics = new Proxy({} as BatchingOptions["metrics"], { get: () => () => undefined });
