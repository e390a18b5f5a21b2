import { describe, expect, it } from "vitest";
import type { CallAnswer, ProviderClient, TaskCall } from "../../src/providers/provider.ts";
import { createProblem } from "../../src/tasks/problem.ts";
import { createTestBatching, keyOf, someTime } from "./task-keys.ts";
import { createUpstreamOfTruths, observedAt, taskNamed } from "./upstream-of-truths.ts";

const idsTo = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index + 1));

describe("fetchTasks", () => {
  it("asks nobody for no keys", async () => {
    const client = createUpstreamOfTruths("one", () => "found");

    expect(await createTestBatching({ one: { client, limit: 100 } }).fetchTasks([], someTime)).toEqual([]);
    expect(client.calls).toEqual([]);
  });

  it("fills the calls of 101 ids evenly at a limit of 100", async () => {
    const client = createUpstreamOfTruths("one", () => "found");

    await createTestBatching({ one: { client, limit: 100 } }).fetchTasks(
      idsTo(101).map((id) => keyOf("one", id)),
      someTime,
    );

    expect(client.calls.map(({ localIds }) => localIds.length)).toEqual([51, 50]);
  });

  it("sends an id that is asked twice once, and answers both", async () => {
    const client = createUpstreamOfTruths("one", () => "found");
    const batching = createTestBatching({ one: { client, limit: 2 } });

    const outcomes = await batching.fetchTasks([keyOf("one", "7"), keyOf("one", "8"), keyOf("one", "7")], someTime);

    expect(client.calls.map(({ localIds }) => localIds)).toEqual([["7", "8"]]);
    expect(outcomes.map((outcome) => outcome.kind === "found" && outcome.state.name)).toEqual([
      "one||7",
      "one||8",
      "one||7",
    ]);
  });

  it("hands each call its own scope and facets, and the operation's deadline", async () => {
    const client = createUpstreamOfTruths("one", () => "found");
    const limits = { signal: new AbortController().signal, deadlineAt: 4_000 };

    await createTestBatching({ one: { client, limit: 1 } }).fetchTasks(
      [keyOf("one", "7", ["children"], "2"), keyOf("one", "8", [], "2")],
      limits,
    );

    expect(client.calls).toMatchObject([
      { read: "read", scope: "2", localIds: ["7"], facets: new Set(["children"]), limits: { deadlineAt: 4_000 } },
      { read: "read", scope: "2", localIds: ["8"], facets: new Set(), limits: { deadlineAt: 4_000 } },
    ]);
  });

  it("has calls under way together", async () => {
    const started: string[] = [];
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const client: ProviderClient = {
      async fetchTasks({ localIds }) {
        started.push(...localIds);
        if (started.length === 3) release();
        await released;
        return failed("UPSTREAM_UNAVAILABLE");
      },
    };

    await createTestBatching({ one: { client, limit: 1 }, two: { client, limit: 1 } }).fetchTasks(
      [keyOf("one", "1"), keyOf("one", "2"), keyOf("two", "3")],
      someTime,
    );

    expect(started.toSorted()).toEqual(["1", "2", "3"]);
  });

  it("answers chunks one and three exactly when the second of three fails", async () => {
    const client = createUpstreamOfTruths("one", (id) => (id === "14" ? "outage" : "found"));
    const ids = idsTo(30).map((id) => id.padStart(2, "0"));
    const batching = createTestBatching({ one: { client, limit: 10 } });

    const outcomes = await batching.fetchTasks(
      ids.map((id) => keyOf("one", id)),
      someTime,
    );

    const failedIds = ids.filter((_, index) => outcomes[index]?.kind === "problem");
    expect(failedIds).toEqual(ids.slice(10, 20));
    expect(client.calls).toHaveLength(3);
  });

  it("lets a slow account hold up nobody's outcome but tell each account's own", async () => {
    const slow = createUpstreamOfTruths("slow", () => "outage");
    const good = createUpstreamOfTruths("good", () => "found");
    const batching = createTestBatching({ slow: { client: slow, limit: 5 }, good: { client: good, limit: 5 } });

    const outcomes = await batching.fetchTasks([keyOf("slow", "1"), keyOf("good", "1")], someTime);

    expect(outcomes).toMatchObject([{ kind: "problem" }, { kind: "found", observedAt, state: { name: "good||1" } }]);
    expect([batching.health("slow"), batching.health("good")]).toEqual(["DEGRADED", "OK"]);
  });

  it.each([
    [
      "throws",
      (): never => {
        throw new Error("t0ken");
      },
    ],
    [
      "rejects",
      async (): Promise<never> => {
        throw new Error("t0ken");
      },
    ],
  ])("answers a problem without the error's text, and logs it, when a client %s", async (_how, fetchTasks) => {
    const batching = createTestBatching({ one: { client: { fetchTasks }, limit: 5 } });

    const [outcome] = await batching.fetchTasks([keyOf("one", "1")], someTime);

    expect(outcome).toMatchObject({ kind: "problem", problem: { code: "UPSTREAM_MALFORMED" } });
    expect(JSON.stringify(outcome)).not.toContain("t0ken");
    expect(batching.logged).toMatchObject([{ err: { message: "t0ken" }, provider: "test" }]);
  });

  it("tells the metrics each call, and what was dropped", async () => {
    const truths = { 1: "found", 2: "refused", 3: "left-out" } as const;
    const client = createUpstreamOfTruths("one", (id) => truths[Number(id) as 1 | 2 | 3]);
    const batching = createTestBatching({ one: { client, limit: 5 } });

    await batching.fetchTasks(
      ["1", "2", "3", "1"].map((id) => keyOf("one", id)),
      someTime,
    );

    expect(batching.told).toEqual(["callWait test 0", "taskCall test 3", "foreignRows test 1"]);
  });

  it("tells the metrics a status that no table knows", async () => {
    const state = taskNamed("odd", { status: "UNKNOWN" });
    const batching = createTestBatching({
      one: { client: { fetchTasks: async (call) => answered(call, state) }, limit: 5 },
    });

    await batching.fetchTasks([keyOf("one", "1")], someTime);

    expect(batching.told).toContain("unknownStatus test");
  });
});

function failed(code: "UPSTREAM_UNAVAILABLE"): CallAnswer {
  return { kind: "failed", problem: createProblem(code, "Text."), divisible: false };
}

function answered({ localIds }: TaskCall, state: ReturnType<typeof taskNamed>): CallAnswer {
  return { kind: "answered", observedAt, foreignRows: 0, answers: new Map(localIds.map((id) => [id, { state }])) };
}
