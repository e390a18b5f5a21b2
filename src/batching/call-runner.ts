import type { CallAnswer, CallLimits, FailedCall, ProviderClient } from "../providers/provider.ts";
import { nothingMissing, type Outcome } from "../tasks/outcome.ts";
import { createProblem, isRefusal, type Problem } from "../tasks/problem.ts";
import type { EpochMs } from "../tasks/task.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { HealthRecord } from "./account-health.ts";
import { type AskedPart, askDividing } from "./divide.ts";
import { closeToJoin } from "./partition.ts";
import { answerWaiters, type CallUnderWay, type PendingTask, takeTold } from "./pending-task.ts";
import type { Quarantine } from "./quarantine.ts";
import { failedBy, timeIsOver, unanswered, unprocessable } from "./refusals.ts";
import type { UnknownStatuses } from "./unknown-statuses.ts";

export interface CallRunnerOptions {
  /** Label of the metrics. */
  readonly provider: string;
  readonly client: ProviderClient;
  readonly health: HealthRecord;
  readonly quarantine: Quarantine;
  readonly places: Places;
  /** Nobody waits for what is left of a call. */
  abandon(call: CallUnderWay): void;
  readonly unknownStatuses: UnknownStatuses;
  readonly metrics: Pick<Metrics, "taskCall" | "foreignRows">;
  readonly log: Pick<Logger, "error">;
  now(): EpochMs;
}

/** Where the calls for the parts of a divided call get their places from. */
export interface Places {
  /** Waits for a place. Answers null when it is taken, else what the part comes to without being asked for. */
  enter(call: CallUnderWay): Promise<FailedCall | null>;
  /** With the limits of the call that was made. */
  leave(limits?: CallLimits): void;
}

/** Makes a call, divides it where that can help, and answers whoever waits for its tasks. Rejects never. */
export type RunCall = (call: CallUnderWay, hasPlace: boolean) => Promise<void>;

export function createCallRunner(options: CallRunnerOptions): RunCall {
  const { provider, client, health, quarantine, places, abandon, unknownStatuses, metrics, log, now } = options;

  async function askClient(call: CallUnderWay, tasks: readonly PendingTask[], limits: CallLimits): Promise<CallAnswer> {
    const localIds = tasks.map(({ localId }) => localId);
    metrics.taskCall(provider, localIds.length);
    const { partition, read, facets } = call;
    try {
      const isSuspect = tasks.length === 1 && localIds.some((localId) => quarantine.has(partition.scope, localId));
      const answer = await client.fetchTasks({
        read: read.name,
        scope: partition.scope,
        facets,
        localIds,
        limits,
        ...(isSuspect && { isSuspect }),
      });
      // What a call comes to that nobody waited for says nothing about the account.
      if (!call.signal.aborted) health.note(answer);
      if (answer.kind === "answered" && answer.foreignRows > 0) metrics.foreignRows(provider, answer.foreignRows);
      return answer;
    } catch (error) {
      // A client that throws has a defect. It must not cost other calls their answers.
      log.error({ err: error, provider }, "a provider client threw");
      return { kind: "failed", problem: createProblem("UPSTREAM_MALFORMED", unprocessable), divisible: false };
    }
  }

  function tell(call: CallUnderWay, { tasks, answer }: AskedPart<PendingTask>): void {
    let isComplete = true;
    for (const task of tasks) {
      const told = outcomeOf(call, task.localId, answer, now());
      if (told === unanswered && task.waiters.length > 0) isComplete = false;
      const outcome = takeTold(task, call, told);
      if (!outcome) continue;
      closeToJoin(call.partition, task);
      unknownStatuses.note(outcome);
      answerWaiters(task, outcome);
    }
    if (!isComplete) log.error({ provider }, "a provider client left ids without an answer");
  }

  /** One that made calls fail, and was answered or failed alone now. */
  function noteAskedAlone({ partition: { scope } }: CallUnderWay, { localId }: PendingTask, answer: CallAnswer): void {
    if (!quarantine.has(scope, localId)) return;
    if (answer.kind === "answered") quarantine.release(scope, localId);
    else if (answer.divisible) quarantine.add(scope, localId);
  }

  /** Tasks that nobody waits for any more are left out, and whoever comes now is not to join them. */
  function stillWanted({ partition }: CallUnderWay, tasks: readonly PendingTask[]): PendingTask[] {
    for (const task of tasks) if (task.waiters.length === 0) closeToJoin(partition, task);
    return tasks.filter(({ waiters }) => waiters.length > 0);
  }

  async function ask(call: CallUnderWay, tasks: readonly PendingTask[], hasPlace: boolean): Promise<CallAnswer> {
    const refusal = hasPlace ? null : await enter(call, tasks);
    if (refusal) return refusal;
    const limits = limitsOf(call);
    try {
      const wanted = hasPlace ? tasks : stillWanted(call, tasks);
      return wanted.length === 0 ? failedBy(timeIsOver) : await askClient(call, wanted, limits);
    } finally {
      places.leave(limits);
    }
  }

  async function enter(call: CallUnderWay, tasks: readonly PendingTask[]): Promise<FailedCall | null> {
    return stillWanted(call, tasks).length === 0 ? failedBy(timeIsOver) : places.enter(call);
  }

  return async (call, hasPlace) => {
    let isFirst = hasPlace;
    let untold = call.tasks.length;
    const culprits = await askDividing(call.tasks, {
      ask(tasks) {
        const isFirstWithPlace = isFirst;
        isFirst = false;
        return ask(call, tasks, isFirstWithPlace);
      },
      tell(part) {
        const [only] = call.tasks;
        if (only && call.tasks.length === 1) noteAskedAlone(call, only, part.answer);
        untold -= part.tasks.length;
        tell(call, part);
        if (untold > 0 && call.wantedTasks === 0) abandon(call);
      },
    });
    for (const { localId } of culprits) quarantine.add(call.partition.scope, localId);
  };
}

/** Of one part of a call: each is a call of its own for who counts them. */
function limitsOf(call: CallUnderWay): CallLimits {
  return {
    signal: call.signal,
    get deadlineAt() {
      return call.deadlineAt;
    },
  };
}

function outcomeOf(call: CallUnderWay, localId: string, answer: CallAnswer, now: EpochMs): Outcome {
  const { facets, sequence } = call;
  if (answer.kind === "failed") return problemOutcome(answer.problem, now, sequence);
  const idAnswer = answer.answers.get(localId);
  if (!idAnswer) return unanswered;
  const { observedAt } = answer;
  if ("state" in idAnswer) {
    const { state } = idAnswer;
    return { kind: "found", state, observedAt, sequence, facets, source: "UPSTREAM", missing: nothingMissing };
  }
  return problemOutcome(idAnswer.problem, observedAt, sequence);
}

function problemOutcome(problem: Problem, observedAt: EpochMs, sequence: number): Outcome {
  return isRefusal(problem)
    ? { kind: "problem", problem, told: { observedAt, sequence } }
    : { kind: "problem", problem };
}
