import { createHealthRecord } from "../../src/batching/account-health.ts";
import type { Admission } from "../../src/batching/admission.ts";
import type { Batching, BatchingOptions } from "../../src/batching/batching.ts";
import { createBatching } from "../../src/batching/batching.ts";
import type { Reads } from "../../src/batching/plan-calls.ts";
import { createCallSequence } from "../../src/cache/call-sequence.ts";
import type { CallLimits, ProviderClient } from "../../src/providers/provider.ts";
import type { TaskKey } from "../../src/tasks/task-key.ts";

export function keyOf(account: string, localId: string, facets: readonly string[] = [], scope = ""): TaskKey {
  const upstreamId = scope === "" ? localId : `${scope}/${localId}`;
  return {
    reference: {
      id: `${account}:${upstreamId}`,
      provider: "TEST",
      typename: "TestTask",
      account,
      upstreamId,
      scope,
      localId,
    },
    facets: new Set(facets),
  };
}

export const someTime: CallLimits = { signal: new AbortController().signal, deadlineAt: 4_102_444_800_000 };

/** Facets that the only read of a test account brings. */
const testFacets = ["children", "items", "detail", "progress"];

export interface BatchingTest extends Batching {
  /** What the metrics were told, as `name provider figures`. */
  readonly told: readonly string[];
  readonly logged: readonly unknown[];
  readonly health: (account: string) => string | undefined;
}

export interface TestAccount {
  readonly client: ProviderClient;
  /** Ids per call of the only read. */
  readonly limit?: number;
  readonly reads?: Reads;
  readonly admission?: Admission;
  readonly maxWaitingIds?: number;
}

/** Batching over clients of a limit, by account name. */
export function createTestBatching(
  clients: Readonly<Record<string, TestAccount>>,
  now: () => number = () => 0,
): BatchingTest {
  const told: string[] = [];
  const logged: unknown[] = [];
  const accounts: BatchingOptions["accounts"] = new Map(
    Object.entries(clients).map(([name, { client, limit = 100, ...rest }]) => {
      const admission = rest.admission ?? alwaysOpen;
      return [
        name,
        {
          provider: "test",
          client,
          reads: [{ name: "read", maxIdsPerCall: limit, brings: testFacets }],
          maxWaitingIds: 10_000,
          ...rest,
          admission,
          health: createHealthRecord(admission),
        },
      ];
    }),
  );
  const tell =
    (name: string) =>
    (provider: string, ...figures: (number | string)[]) => {
      told.push([name, provider, ...figures].join(" "));
    };
  const batching = createBatching({
    accounts,
    gatherMs: 5,
    metrics: {
      taskCall: tell("taskCall"),
      callWait: tell("callWait"),
      foreignRows: tell("foreignRows"),
      unknownStatus: tell("unknownStatus"),
    },
    log: { error: (details: unknown) => logged.push(details), warn: (details: unknown) => logged.push(details) },
    now,
    nextSequence: createCallSequence(now).next,
    quarantineChanged: (account, scope, localId, until) =>
      void told.push(["quarantineChanged", account, scope, localId, until].join(" ")),
  });
  return { ...batching, told, logged, health: (account) => accounts.get(account)?.health.current() };
}

const alwaysOpen: Admission = {
  tryEnter: () => ({ kind: "entered" }),
  leave: () => undefined,
  standing: () => "open",
};
