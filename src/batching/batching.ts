import type { CallAnswer, CallLimits, ProviderClient, TaskCall } from "../providers/provider.ts";
import { mergeOutcomes, nothingMissing, type Outcome, type PartialOutcome } from "../tasks/outcome.ts";
import { createProblem } from "../tasks/problem.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { HealthRecord } from "./account-health.ts";
import { type AskedPart, askDividing } from "./divide.ts";
import { type Partition, partitionKeys, partitionName, type TaskKey } from "./partition.ts";
import { type PlannedCall, planCalls, type Reads } from "./plan-calls.ts";

export type { TaskKey } from "./partition.ts";

/** A configured account, as far as calling it goes. */
export interface BatchedAccount {
  /** Label of the metrics. */
  readonly provider: string;
  readonly client: ProviderClient;
  /** With the provider's limits, or the lower one of the account. */
  readonly reads: Reads;
  readonly health: HealthRecord;
}

export interface Batching {
  /**
   * Answers keys in the fewest upstream calls: `ceil(n / limit)` per read for the n distinct ids of an account and scope
   * that need it. One outcome per key, in key order. Rejects never; a call's failure is the problem of its own ids only.
   */
  fetchTasks(keys: readonly TaskKey[], limits: CallLimits): Promise<Outcome[]>;
}

export interface BatchingOptions {
  /** By name. */
  readonly accounts: ReadonlyMap<string, BatchedAccount>;
  readonly metrics: Pick<Metrics, "taskCall" | "foreignRows" | "lookup" | "unknownStatus">;
  readonly log: Pick<Logger, "error">;
}

type OutcomesById = Map<string, Outcome>;

export function createBatching({ accounts, metrics, log }: BatchingOptions): Batching {
  async function fetchPartition(partition: Partition, limits: CallLimits): Promise<OutcomesById> {
    const account = accounts.get(partition.account);
    if (!account) throw new Error(`No account "${partition.account}": ids are checked before they become keys`);
    const calls = planCalls(partition.wanted, account.reads);
    const asked = await Promise.all(calls.map((call) => askFor(account, partition.scope, call, limits)));
    const told = new Map<string, [PartialOutcome, ...PartialOutcome[]]>();
    for (const [index, { facets }] of calls.entries()) {
      for (const part of asked[index] ?? []) collectOutcomes(part, facets, told);
    }
    return new Map([...told].map(([localId, parts]) => [localId, noted(mergeOutcomes(parts), account.provider)]));
  }

  function askFor(
    account: BatchedAccount,
    scope: string,
    { read, localIds, facets }: PlannedCall,
    limits: CallLimits,
  ): Promise<AskedPart[]> {
    return askDividing(localIds, async (ids) => {
      metrics.taskCall(account.provider, ids.length);
      const call = { limits, read: read.name, scope, facets, localIds: ids };
      const answer = await callClient(account, call);
      account.health.note(answer);
      if (answer.kind === "answered" && answer.foreignRows > 0) {
        metrics.foreignRows(account.provider, answer.foreignRows);
      }
      return answer;
    });
  }

  /** A client that throws, or forgets an id, has a defect. It must not cost the other calls of the request their answers. */
  async function callClient(account: BatchedAccount, call: TaskCall): Promise<CallAnswer> {
    try {
      const answer = await account.client.fetchTasks(call);
      if (answer.kind === "answered" && call.localIds.some((id) => !answer.answers.has(id))) {
        log.error({ provider: account.provider }, "a provider client left ids without an answer");
      }
      return answer;
    } catch (error) {
      log.error({ err: error, provider: account.provider }, "a provider client threw");
      return { kind: "failed", problem: createProblem("UPSTREAM_MALFORMED", unprocessable), divisible: false };
    }
  }

  function noted(outcome: Outcome, provider: string): Outcome {
    metrics.lookup(provider, outcome.kind === "found" ? "found" : outcome.problem.code);
    if (outcome.kind === "found" && outcome.state.status === "UNKNOWN") metrics.unknownStatus(provider);
    return outcome;
  }

  return {
    async fetchTasks(keys, limits) {
      const partitions = partitionKeys(keys);
      const outcomes = await Promise.all(partitions.map((partition) => fetchPartition(partition, limits)));
      const byPartition = new Map(partitions.map((partition, index) => [partitionName(partition), outcomes[index]]));
      return keys.map(
        ({ reference }) => byPartition.get(partitionName(reference))?.get(reference.localId) ?? unanswered,
      );
    },
  };
}

const unprocessable = "The provider's answer could not be processed.";

const unanswered: Outcome = { kind: "problem", problem: createProblem("NOT_RETURNED", unprocessable) };

function collectOutcomes(
  { localIds, answer }: AskedPart,
  facets: PartialOutcome["facets"],
  told: Map<string, [PartialOutcome, ...PartialOutcome[]]>,
): void {
  for (const localId of localIds) {
    const part = { outcome: outcomeOf(localId, answer), facets };
    const known = told.get(localId);
    if (known) known.push(part);
    else told.set(localId, [part]);
  }
}

function outcomeOf(localId: string, answer: CallAnswer): Outcome {
  if (answer.kind === "failed") return { kind: "problem", problem: answer.problem };
  const idAnswer = answer.answers.get(localId);
  if (!idAnswer) return unanswered;
  if ("problem" in idAnswer) return { kind: "problem", problem: idAnswer.problem };
  return { kind: "found", state: idAnswer.state, observedAt: answer.observedAt, missing: nothingMissing };
}
