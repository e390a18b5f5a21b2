import type { FailedCall, ProviderClient } from "../providers/provider.ts";
import type { Outcome } from "../tasks/outcome.ts";
import type { EpochMs } from "../tasks/task.ts";
import type { TaskKey } from "../tasks/task-key.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { HealthRecord } from "./account-health.ts";
import type { Admission, Closure } from "./admission.ts";
import { createCallRunner, type Places } from "./call-runner.ts";
import { beginToWait, leavesAt, mayDepart, nextDeparture } from "./departures.ts";
import { answerKey, type Inquiry } from "./inquiry.ts";
import { closeToJoin, createPartition, isEmpty, openToJoin, type Partition } from "./partition.ts";
import {
  addWaiter,
  type CallUnderWay,
  createCall,
  createPendingTask,
  isOnItsWay,
  mayJoin,
  type PendingTask,
  removeWaiter,
  type Waiter,
} from "./pending-task.ts";
import type { PlannedGroup, Reads } from "./plan-calls.ts";
import { createQuarantine, type QuarantineChange } from "./quarantine.ts";
import { closedProblem, failedBy, overloaded, timeIsOver } from "./refusals.ts";
import { createUnknownStatuses } from "./unknown-statuses.ts";

/** A configured account, as far as calling it goes. */
export interface BatchedAccount {
  /** Label of the metrics. */
  readonly provider: string;
  readonly client: ProviderClient;
  /** With the provider's limits, or the lower one of the account. */
  readonly reads: Reads;
  readonly admission: Admission;
  readonly health: HealthRecord;
  /** More tasks than that do not wait for their call. */
  readonly maxWaitingIds: number;
}

export interface AccountLineOptions {
  readonly account: BatchedAccount;
  readonly gatherMs: number;
  readonly metrics: Pick<Metrics, "taskCall" | "callWait" | "foreignRows" | "unknownStatus">;
  readonly log: Pick<Logger, "error" | "warn">;
  now(): EpochMs;
  /** Numbers calls in the order in which they leave. */
  nextSequence(): number;
  readonly quarantineChanged: QuarantineChange;
}

/** The waiting line of one account: who waits for a call, which calls are under way, and which leaves next. */
export interface AccountLine {
  /** Lets a key join the call that is under way for its task, or wait for one until the next `depart`. */
  ask(key: TaskKey, inquiry: Inquiry, index: number): void;
  /** Sends off what may leave now. */
  depart(): void;
  /** Answers a waiting key of an operation that has waited long enough, unless its upstream's own pause will end in time. */
  refuseLate(waiter: Waiter): void;
  /** A key is not waited for any more. */
  forget(waiter: Waiter): void;
  /** Another replica has found that a task makes calls fail. */
  quarantine(scope: string, localId: string, until: EpochMs): void;
  load(): LineLoad;
}

export interface LineLoad {
  readonly partitions: number;
  readonly waitingKeys: number;
  readonly keysInFlight: number;
  readonly callsInFlight: number;
  readonly quarantinedKeys: number;
}

/** Less time than this is not enough for an attempt. */
const shortestAttemptMs = 250;

/** A part of a call that waits for its place. */
interface Entrant {
  readonly call: CallUnderWay;
  readonly enter: (refusal: FailedCall | null) => void;
}

export function createAccountLine(options: AccountLineOptions): AccountLine {
  const { account, gatherMs, metrics, log, now } = options;
  const { admission, provider } = account;
  const partitions = new Map<string, Partition>();
  const quarantine = createQuarantine(now, options.quarantineChanged);
  const unknownStatuses = createUnknownStatuses({ provider, metrics, log, now });
  const entrants = new Set<Entrant>();
  let waitingKeys = 0;
  /** Those that came since the last departure. */
  let newcomers: PendingTask[] = [];
  let alarm: NodeJS.Timeout | undefined;
  let isDeparting = false;
  let willDepart = false;
  /** The upstream asked for a pause. */
  let pausedUntil = 0;

  const places: Places = {
    enter: (call) =>
      new Promise((enter) => {
        entrants.add({ call, enter });
        depart();
      }),
    leave(limits) {
      admission.leave(limits);
      departSoon();
    },
  };
  const runCall = createCallRunner({ ...account, quarantine, places, abandon, unknownStatuses, metrics, log, now });
  const rules = {
    reads: account.reads,
    isAlone: ({ partition, localId }: PendingTask) => quarantine.has(partition.scope, localId),
    hasAlone: () => quarantine.size() > 0,
  };

  function partitionOf(scope: string): Partition {
    const known = partitions.get(scope);
    if (known) return known;
    const partition = createPartition(scope);
    partitions.set(scope, partition);
    return partition;
  }

  function dropIfEmpty(partition: Partition): void {
    if (isEmpty(partition)) partitions.delete(partition.scope);
  }

  function ask(key: TaskKey, inquiry: Inquiry, index: number): void {
    const { reference, facets } = key;
    const { localId } = reference;
    const partition = partitionOf(reference.scope);
    const onItsWay = partition.onTheirWay.get(localId);
    const waiting = partition.waiting.get(localId);
    if (onItsWay && mayJoin(onItsWay, facets)) addWaiter(onItsWay, inquiry, index, facets);
    else if (waiting) addWaiter(waiting, inquiry, index, facets);
    else if (waitingKeys >= account.maxWaitingIds) {
      dropIfEmpty(partition);
      answerKey(inquiry, index, overloaded(now() + inquiry.startWithinMs));
    } else {
      const task = createPendingTask(partition, key, inquiry, index);
      partition.waiting.set(localId, task);
      newcomers.push(task);
      waitingKeys += 1;
    }
  }

  function depart(): void {
    if (isDeparting) return;
    isDeparting = true;
    clearTimeout(alarm);
    try {
      if (waitingKeys > 0 || entrants.size > 0) sendOffAll(now());
    } finally {
      isDeparting = false;
    }
  }

  function sendOffAll(at: EpochMs): void {
    for (const task of newcomers) beginToWait(task, at, gatherMs);
    newcomers = [];
    if (!letEntrantsIn()) return;
    while (canAnyDepart(at)) {
      if (!tryEnter()) return;
      if (!sendOffNext(at)) {
        admission.leave();
        break;
      }
      if (!letEntrantsIn()) return;
    }
    if (waitingKeys > 0) wakeAt(Math.min(...[...partitions.values()].map(leavesAt)));
  }

  const canAnyDepart = (at: EpochMs): boolean =>
    waitingKeys > 0 && partitions.values().some((partition) => mayDepart(partition, rules, at));

  /** Those that came to leave last are the last in order, so that a large partition does not keep the others waiting. */
  function sendOffNext(at: EpochMs): boolean {
    for (const partition of partitions.values()) {
      const group = mayDepart(partition, rules, at) ? nextDeparture(partition, rules, at) : null;
      if (!group) continue;
      sendOff(partition, group, at);
      partitions.delete(partition.scope);
      partitions.set(partition.scope, partition);
      return true;
    }
    return false;
  }

  /** Parts of calls under way come first. True when all of them have a place. */
  function letEntrantsIn(): boolean {
    for (const entrant of entrants) {
      if (!tryEnter()) return false;
      entrants.delete(entrant);
      entrant.enter(null);
    }
    return true;
  }

  /** Makes the calls of a group; the first has a place, the others are the next to get theirs. */
  function sendOff(partition: Partition, group: PlannedGroup<PendingTask>, at: EpochMs): void {
    for (const { tasks } of group) {
      let eldest = at;
      for (const task of tasks) {
        eldest = Math.min(eldest, task.since ?? at);
        if (!partition.waiting.delete(task.localId)) continue;
        waitingKeys -= 1;
        openToJoin(partition, task);
      }
      metrics.callWait(provider, (at - eldest) / 1000);
    }
    const calls = group.map((planned) => createCall(partition, planned, options.nextSequence()));
    partition.callsUnderWay += calls.length;
    for (const [index, call] of calls.entries()) void run(call, index === 0);
  }

  async function run(call: CallUnderWay, hasPlace: boolean): Promise<void> {
    await runCall(call, hasPlace);
    call.partition.callsUnderWay -= 1;
    dropIfEmpty(call.partition);
    departSoon();
  }

  /** At the end of this turn of the event loop: what arrives in it may share the calls that leave. */
  function departSoon(): void {
    if (willDepart || (waitingKeys === 0 && entrants.size === 0)) return;
    willDepart = true;
    setImmediate(() => {
      willDepart = false;
      depart();
    });
  }

  /** Where nobody may enter, those who cannot wait for that to change are turned away. */
  function tryEnter(): boolean {
    const admittance = admission.tryEnter();
    if (admittance.kind === "closed") {
      turnAway(admittance);
      return false;
    }
    pausedUntil = 0;
    if (admittance.kind === "entered") return true;
    if (admittance.againAt !== null) wakeAt(admittance.againAt);
    return false;
  }

  function turnAway(closure: Closure): void {
    const problem = closedProblem(closure);
    const mayWait = (deadlineAt: EpochMs): boolean =>
      closure.because === "throttled" && deadlineAt >= closure.until + shortestAttemptMs;
    for (const entrant of entrants) {
      if (mayWait(entrant.call.deadlineAt)) continue;
      entrants.delete(entrant);
      entrant.enter(failedBy(problem));
    }
    for (const task of waitingTasks()) {
      for (const waiter of [...task.waiters]) {
        if (!mayWait(waiter.inquiry.deadlineAt)) refuse(waiter, { kind: "problem", problem });
      }
    }
    pausedUntil = closure.because === "throttled" ? closure.until : 0;
    if (waitingKeys > 0 || entrants.size > 0) wakeAt(closure.until);
  }

  function* waitingTasks(): Iterable<PendingTask> {
    for (const { waiting } of partitions.values()) yield* waiting.values();
  }

  function refuse(waiter: Waiter, outcome: Outcome): void {
    forget(waiter);
    answerKey(waiter.inquiry, waiter.index, outcome);
  }

  function wakeAt(at: EpochMs): void {
    clearTimeout(alarm);
    alarm = setTimeout(depart, Math.max(1, at - now()));
  }

  function forget(waiter: Waiter): void {
    const { task } = waiter;
    removeWaiter(waiter);
    if (task.waiters.length > 0) return;
    if (isOnItsWay(task)) {
      for (const call of task.calls) if (call.wantedTasks === 0) abandon(call);
    } else {
      task.partition.waiting.delete(task.localId);
      waitingKeys -= 1;
      if (waitingKeys === 0 && entrants.size === 0) clearTimeout(alarm);
      dropIfEmpty(task.partition);
    }
  }

  /** Nobody waits for what is left of a call: whoever comes now is not to join it. */
  function abandon(call: CallUnderWay): void {
    // Everybody's time is over: that the call took longer does say something about the account.
    if (call.deadlineAt - now() < shortestAttemptMs) account.health.note(failedBy(timeIsOver));
    call.abort();
    for (const task of call.tasks) closeToJoin(call.partition, task);
    for (const entrant of entrants) {
      if (entrant.call !== call) continue;
      entrants.delete(entrant);
      entrant.enter(failedBy(timeIsOver));
    }
    if (waitingKeys === 0 && entrants.size === 0) clearTimeout(alarm);
  }

  return {
    ask,
    depart,
    refuseLate(waiter) {
      const { task, inquiry } = waiter;
      if (isOnItsWay(task) || now() < pausedUntil) return;
      refuse(waiter, overloaded(now() + inquiry.startWithinMs));
    },
    forget,
    quarantine: quarantine.hold,
    load: () => ({
      partitions: partitions.size,
      waitingKeys,
      keysInFlight: sum([...partitions.values()].map(({ onTheirWay }) => onTheirWay.size)),
      callsInFlight: sum([...partitions.values()].map(({ callsUnderWay }) => callsUnderWay)),
      quarantinedKeys: quarantine.size(),
    }),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
