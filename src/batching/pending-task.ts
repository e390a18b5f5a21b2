import type { CallLimits, Facet, ProviderRead } from "../providers/provider.ts";
import { type FoundOutcome, mergeOutcomes, type Outcome, type PartialOutcome } from "../tasks/outcome.ts";
import type { EpochMs } from "../tasks/task.ts";
import type { TaskKey } from "../tasks/task-key.ts";
import { answerKey, type Inquiry } from "./inquiry.ts";
import type { Partition } from "./partition.ts";
import type { PlannedCall } from "./plan-calls.ts";

/** A task that somebody waits for: it waits for its call, or is on its way. */
export interface PendingTask {
  readonly partition: Partition;
  readonly localId: string;
  /** All that anybody wants of it; once it is on its way, all that its calls will tell. */
  facets: ReadonlySet<Facet>;
  /** Somebody who wanted some of the facets has left while it waited. */
  hasStaleFacets: boolean;
  /** In no order. */
  waiters: Waiter[];
  /** When it was first left behind, or left; null until then. */
  since: EpochMs | null;
  /** How long it waits for others to share its call, as long as its partition is busy. */
  gathersUntil: EpochMs;
  /** Those that have not told of it yet. Empty as long as it waits. */
  calls: readonly CallUnderWay[];
  /** The same task with less to tell of it, which was on its way before. */
  poorer: PendingTask | undefined;
  /** What its calls have told so far, where there are several. */
  parts: readonly PartialOutcome[];
}

const noCalls: readonly CallUnderWay[] = [];
const noParts: readonly PartialOutcome[] = [];

/** A task that waits, for one key so far. Lists begin shared or full: a list that grows from nothing takes room for many. */
export function createPendingTask(
  partition: Partition,
  { reference: { localId }, facets }: TaskKey,
  inquiry: Inquiry,
  index: number,
): PendingTask {
  const task: PendingTask = {
    partition,
    localId,
    facets,
    hasStaleFacets: false,
    waiters: noWaiters,
    since: null,
    gathersUntil: 0,
    calls: noCalls,
    poorer: undefined,
    parts: noParts,
  };
  const waiter: Waiter = { task, inquiry, index, place: 0, facets, hasJoined: false };
  task.waiters = [waiter];
  inquiry.waiters[index] = waiter;
  return task;
}

/** Never added to. */
const noWaiters: Waiter[] = [];

/** A key of an operation. */
export interface Waiter {
  readonly task: PendingTask;
  readonly inquiry: Inquiry;
  readonly index: number;
  /** Among the task's waiters, so that many can leave without being looked for. */
  place: number;
  readonly facets: ReadonlySet<Facet>;
  /** The call was under way before this key came. */
  readonly hasJoined: boolean;
}

/** One call and, when it has to be divided, the calls for its parts. */
export interface CallUnderWay extends CallLimits {
  readonly partition: Partition;
  readonly read: ProviderRead;
  readonly tasks: readonly PendingTask[];
  readonly facets: ReadonlySet<Facet>;
  /** Higher than that of each call that left before. */
  readonly sequence: number;
  /** The latest of its waiters' deadlines. */
  deadlineAt: EpochMs;
  /** Tasks that it has not told of yet and somebody waits for. */
  wantedTasks: number;
  /** Nobody waits for any of its tasks any more. */
  abort(): void;
}

/** A call that leaves now, with its tasks' waiters. */
export function createCall(
  partition: Partition,
  { read, tasks, facets }: PlannedCall<PendingTask>,
  sequence: number,
): CallUnderWay {
  const controller = new AbortController();
  const call: CallUnderWay = {
    partition,
    read,
    tasks,
    facets,
    sequence,
    signal: controller.signal,
    deadlineAt: latestDeadline(tasks),
    wantedTasks: tasks.length,
    abort: () => controller.abort(),
  };
  const onlyCall = [call];
  for (const task of tasks) {
    const isFirst = task.calls.length === 0;
    task.facets = isFirst ? facets : task.facets.union(facets);
    task.calls = isFirst ? onlyCall : [...task.calls, call];
  }
  return call;
}

function latestDeadline(tasks: readonly PendingTask[]): EpochMs {
  let latest = 0;
  for (const { waiters } of tasks) {
    for (const { inquiry } of waiters) latest = Math.max(latest, inquiry.deadlineAt);
  }
  return latest;
}

/**
 * Takes a call's word for one of its tasks.
 *
 * @returns what the task comes to; undefined while other calls have not told of it
 */
export function takeTold(task: PendingTask, call: CallUnderWay, outcome: Outcome): Outcome | undefined {
  if (task.waiters.length > 0) call.wantedTasks -= 1;
  task.calls = task.calls.length === 1 ? noCalls : task.calls.filter((other) => other !== call);
  if (task.calls.length === 0 && task.parts.length === 0) return outcome;
  const part: PartialOutcome = { outcome, facets: call.facets };
  const parts = [part, ...task.parts] as const;
  task.parts = parts;
  return task.calls.length === 0 ? mergeOutcomes(parts) : undefined;
}

export const isOnItsWay = (task: PendingTask): boolean => task.calls.length > 0;

/** Who comes when one of a task's calls has failed already asks anew, instead of sharing a failure from before. */
export function mayJoin(task: PendingTask, wanted: ReadonlySet<Facet>): boolean {
  return covers(task.facets, wanted) && task.parts.every(({ outcome }) => outcome.kind === "found");
}

/** A richer answer serves a poorer question, never the reverse. */
function covers(told: ReadonlySet<Facet>, wanted: ReadonlySet<Facet>): boolean {
  return told === wanted || wanted.isSubsetOf(told);
}

export function addWaiter(task: PendingTask, inquiry: Inquiry, index: number, facets: ReadonlySet<Facet>): void {
  const hasJoined = isOnItsWay(task);
  if (!covers(task.facets, facets)) task.facets = task.facets.union(facets);
  for (const call of task.calls) {
    if (task.waiters.length === 0) call.wantedTasks += 1;
    call.deadlineAt = Math.max(call.deadlineAt, inquiry.deadlineAt);
  }
  const waiter = { task, inquiry, index, place: task.waiters.length, facets, hasJoined };
  task.waiters.push(waiter);
  inquiry.waiters[index] = waiter;
}

/** Takes one key off its task's waiters. What it alone wanted is not asked for any more. */
export function removeWaiter({ task, place, facets }: Waiter): void {
  const last = task.waiters.pop();
  if (last && last.place !== place) {
    task.waiters[place] = last;
    last.place = place;
  }
  if (task.waiters.length === 0) for (const call of task.calls) call.wantedTasks -= 1;
  if (facets.size > 0 && !isOnItsWay(task)) task.hasStaleFacets = true;
}

/** To be called before the facets of a waiting task are read. */
export function refreshFacets(task: PendingTask): void {
  if (!task.hasStaleFacets) return;
  task.facets = task.waiters.reduce((union, { facets }) => union.union(facets), new Set<Facet>());
  task.hasStaleFacets = false;
}

/** Answers everybody who waits for the task. */
export function answerWaiters(task: PendingTask, outcome: Outcome): void {
  let shared: FoundOutcome | undefined;
  for (const { inquiry, index, hasJoined } of task.waiters) {
    if (hasJoined && outcome.kind === "found") shared ??= { ...outcome, source: "SHARED_IN_FLIGHT" };
    answerKey(inquiry, index, (hasJoined && shared) || outcome);
  }
  task.waiters = noWaiters;
}
