import { createHealthRecord } from "../../src/batching/account-health.ts";
import type { Batching, BatchingOptions, TaskKey } from "../../src/batching/batching.ts";
import { createBatching } from "../../src/batching/batching.ts";
import type { CallLimits, ProviderClient } from "../../src/providers/provider.ts";

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
  /** What the metrics were told, as `name provider figure`. */
  readonly told: readonly string[];
  readonly logged: readonly unknown[];
  readonly health: (account: string) => string | undefined;
}

/** Batching over clients of a limit, by account name. */
export function createTestBatching(
  clients: Readonly<Record<string, { readonly client: ProviderClient; readonly limit: number }>>,
): BatchingTest {
  const told: string[] = [];
  const logged: unknown[] = [];
  const accounts: BatchingOptions["accounts"] = new Map(
    Object.entries(clients).map(([name, { client, limit }]) => [
      name,
      {
        provider: "test",
        client,
        reads: [{ name: "read", maxIdsPerCall: limit, brings: testFacets }],
        health: createHealthRecord(() => 0),
      },
    ]),
  );
  const tell = (name: string) => (provider: string, figure?: number | string) => {
    told.push(`${name} ${provider} ${figure ?? ""}`.trim());
  };
  const batching = createBatching({
    accounts,
    metrics: {
      taskCall: tell("taskCall"),
      foreignRows: tell("foreignRows"),
      lookup: tell("lookup"),
      unknownStatus: tell("unknownStatus"),
    },
    log: { error: (details: unknown) => logged.push(details) },
  });
  return { ...batching, told, logged, health: (account) => accounts.get(account)?.health.current() };
}
