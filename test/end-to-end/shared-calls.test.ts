import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxUpstreamControl } from "../../src/sandbox/upstream-control.ts";
import { nothingKept, startService, type TestService } from "../support/service.ts";
import {
  healthOf,
  idsOf,
  kindsOf,
  type Lookup,
  lookUp,
  lookupQuery,
  metricOf,
  movableClock,
  outcome,
  outcomes,
  upstreamIdOf,
} from "./asking.ts";

/** What requests of different clients cost together, as counts. */

const clients = 64;

let sandbox: Sandbox;
let service: TestService;
let sim: SandboxUpstreamControl;
let ops: SandboxUpstreamControl;
let spark: SandboxUpstreamControl;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => Date.now() });
  sim = sandbox.upstream("eiotclub");
  ops = sandbox.upstream("bk-sops");
  spark = sandbox.upstream("huawei-dli");
});

beforeEach(async () => {
  service = await startService({ sandbox, cache: nothingKept, limits: { deadlineMs: 15_000 } });
});

afterEach(async () => {
  await service.close();
  await sandbox.reset();
});

afterAll(() => sandbox.close());

const ask = (...ids: readonly string[]) => lookUp(service, ids);

const ids = (prefix: string, count: number): string[] => idsOf(sandbox, prefix, count);

const sourcesOf = (lookups: readonly Lookup[]): unknown[] => [
  ...new Set(lookups.map(({ task }) => task?.observation.source)),
];

const withoutSource = (lookups: readonly Lookup[]): unknown[] =>
  lookups.map(({ task, ...others }) => ({ ...others, task: task && { ...task, observation: null } }));

/** A client that can leave. */
function startClient(...wanted: readonly string[]): { readonly answer: Promise<unknown>; leave(): void } {
  const client = new AbortController();
  const answer = fetch(service.endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: lookupQuery, variables: { ids: wanted } }),
    signal: client.signal,
  }).then((response) => response.json());
  return { answer, leave: () => client.abort() };
}

describe(`${clients} clients that ask for the same 100 tasks`, () => {
  it("cost one call when they come while it is under way, and all get its answer", async () => {
    const wanted = ids("sim:", 100);
    sim.fault({ kind: "latency", ms: 2_000 });

    const first = ask(...wanted);
    await expect.poll(() => sim.openCalls).toBe(1);
    const others = await Promise.all(Array.from({ length: clients - 1 }, () => ask(...wanted)));

    const { lookups } = await first;
    expect(sim.taskCalls.map(({ taskIds }) => taskIds?.length)).toEqual([100]);
    expect(lookups.map(({ task }) => task?.id)).toEqual(wanted);
    expect(sourcesOf(lookups)).toEqual(["UPSTREAM"]);
    for (const other of others) {
      expect(withoutSource(other.lookups)).toEqual(withoutSource(lookups));
      expect(sourcesOf(other.lookups)).toEqual(["SHARED_IN_FLIGHT"]);
    }
    const shared = await metricOf(service, "batch_task_lookups_total", {
      provider: "eiotclub",
      outcome: "SHARED_IN_FLIGHT",
    });
    expect(shared).toBe((clients - 1) * 100);
  });

  it("cost never more than two calls in the time of an answer, whenever they come", async () => {
    const wanted = ids("sim:", 100);
    const latencyMs = 300;
    sim.fault({ kind: "latency", ms: latencyMs });

    const answers = await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        await new Promise((resolve) => setTimeout(resolve, client * 20));
        return ask(...wanted);
      }),
    );

    for (const answer of answers) expect(kindsOf(answer)).toEqual(["found"]);
    const begun = sim.taskCalls.map(({ at }) => at);
    for (const at of begun) {
      expect(begun.filter((other) => other >= at && other < at + latencyMs).length).toBeLessThanOrEqual(2);
    }
    expect(begun.length).toBeLessThan(clients / 4);
  });
});

describe(`${clients} clients that ask for 100 tasks each, all different`, () => {
  it(`cost exactly ${clients} calls, none of them with more than 100 ids`, async () => {
    await service.close();
    service = await startService({
      sandbox,
      accounts: { sim: { maxWaitingIds: clients * 100 } },
      limits: { deadlineMs: 60_000 },
    });
    const wanted = Array.from({ length: clients }, (_, client) =>
      Array.from({ length: 100 }, (_item, place) => `sim:${900_000 + client * 100 + place}`),
    );
    // The sandbox holds 400 tasks; of the others it tells what it is told to.
    const statusOverrides = Object.fromEntries(wanted.flat().map((id) => [upstreamIdOf(id), "2"]));
    sim.set({ unknownIds: "empty-status", statusOverrides });
    sim.fault({ kind: "latency", ms: 50 });

    const answers = await Promise.all(wanted.map((hundred) => ask(...hundred)));

    expect(answers.map(({ lookups }) => lookups.map(({ task }) => task?.id))).toEqual(wanted);
    expect(sim.totals).toMatchObject({ taskCalls: clients, ids: clients * 100, callsByIdCount: { "100": clients } });
    expect(new Set(sim.taskCalls.flatMap(({ taskIds }) => taskIds)).size).toBe(clients * 100);
  });
});

describe("a poisonous id among 50 of bk-sops", () => {
  it("costs one extra call within the next minute, and may mix with the others again afterwards", async () => {
    const clock = movableClock();
    const wanted = ids("ops:2/", 50);
    const poison = wanted[17] ?? "";
    const sizes = (): (number | undefined)[] =>
      ops.taskCalls.map(({ taskIds }) => taskIds?.length).toSorted((left, right) => (left ?? 0) - (right ?? 0));
    ops.set({ poisonIds: [upstreamIdOf(poison)] });
    await ask(...wanted);
    ops.clearCalls();

    clock.advance(50_000);
    const { lookups } = await ask(...wanted);
    expect(lookups.filter(({ task }) => task)).toHaveLength(49);
    expect(lookups.filter(({ problem }) => problem).map(({ requestedId }) => requestedId)).toEqual([poison]);
    expect(sizes()).toEqual([1, 49]);

    ops.set({ poisonIds: [] });
    ops.act("clearCaches");
    ops.clearCalls();
    clock.advance(61_000);
    expect(kindsOf(await ask(...wanted))).toEqual(["found"]);
    expect(sizes()).toEqual([50]);
  });
});

describe("an account that is down", () => {
  it("is left alone once its breaker is open, beside others that are answered, and is back after two probes", async () => {
    const clock = movableClock();
    const [other = ""] = ids("ops:2/", 1);
    const changes = (state: string): Promise<number> =>
      metricOf(service, "batch_task_breaker_changes_total", { account: "sim", state });
    const attempts = (): Promise<number> =>
      metricOf(service, "batch_task_upstream_attempt_duration_seconds_count", { provider: "eiotclub" });
    await sim.down();
    await ask("sim:884001");
    await ask("sim:884001");
    expect(await changes("open")).toBe(1);
    expect(await attempts()).toBe(5);

    // Whoever would try now would get an answer.
    await sim.up();
    for (let round = 0; round < 20; round += 1) {
      const { lookups } = await ask("sim:884001", other, "sim:884002");
      expect(lookups.map(outcome)).toEqual(["CIRCUIT_OPEN", "found", "CIRCUIT_OPEN"]);
      for (const problem of [lookups[0]?.problem, lookups[2]?.problem]) {
        const waitMs = Date.parse(problem?.retryAfter ?? "") - Date.now();
        expect(problem?.retryable).toBe(true);
        expect(waitMs).toBeGreaterThan(-1_000);
        expect(waitMs).toBeLessThanOrEqual(5_000);
      }
    }
    expect(sim.calls).toEqual([]);
    expect(await attempts()).toBe(5);
    expect(await healthOf(service, "sim")).toBe("CIRCUIT_OPEN");
    expect(await healthOf(service, "ops")).toBe("OK");

    clock.advance(5_000);
    expect(outcomes(await ask("sim:884001"))).toEqual(["found"]);
    expect(await changes("half-open")).toBe(1);
    expect(await healthOf(service, "sim")).toBe("CIRCUIT_OPEN");
    expect(outcomes(await ask("sim:884001"))).toEqual(["found"]);
    expect(await changes("closed")).toBe(1);
    expect(await healthOf(service, "sim")).toBe("OK");
    expect(sim.taskCalls).toHaveLength(2);
  });
});

describe("one query for one task of an idle upstream", () => {
  it("waits for nobody: exactly nothing is added to the 20 ms of the upstream", async () => {
    sim.fault({ kind: "latency", ms: 20 });
    const waits = (part: string, labels: Readonly<Record<string, string>> = {}): Promise<number> =>
      metricOf(service, `batch_task_upstream_call_wait_seconds_${part}`, { provider: "eiotclub", ...labels });

    for (let query = 0; query < 5; query += 1) await ask("sim:884213");

    expect(await waits("count")).toBe(5);
    expect(await waits("bucket", { le: "0" })).toBe(5);
    expect(await waits("sum")).toBe(0);
  });
});

describe("clients of one call that leave", () => {
  /** Two clients that wait for one task; the second is seen to have asked by its other task's call. */
  async function startTwo(): Promise<readonly ReturnType<typeof startClient>[]> {
    const [job = ""] = ids("spark-prod:", 1);
    spark.fault({ kind: "silence" });
    const first = startClient("sim:884213");
    await expect.poll(() => sim.openCalls).toBe(1);
    const second = startClient("sim:884213", job);
    await expect.poll(() => spark.openCalls).toBe(1);
    return [first, second];
  }

  it("take it with them only when the last has left: its socket is closed then", async () => {
    sim.fault({ kind: "silence" });
    const [first, second] = await startTwo();

    first?.leave();
    await expect(first?.answer).rejects.toMatchObject({ name: "AbortError" });
    await service.query("{ __typename }");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sim.openCalls).toBe(1);

    second?.leave();
    await expect(second?.answer).rejects.toMatchObject({ name: "AbortError" });
    await expect.poll(() => [sim.openCalls, spark.openCalls], { timeout: 1_500 }).toEqual([0, 0]);
    expect(sim.taskCalls).toHaveLength(1);
  });

  it("cost nobody else the answer", async () => {
    sim.fault({ kind: "latency", ms: 1_000 });
    const [first, second] = await startTwo();

    first?.leave();
    await expect(first?.answer).rejects.toMatchObject({ name: "AbortError" });
    // The second is only held up by its other task, which is answered from now on.
    spark.fault(null);

    expect(await second?.answer).toMatchObject({
      data: { batchTasks: { lookups: [{ task: { id: "sim:884213" }, problem: null }, {}] } },
    });
    expect(sim.taskCalls).toHaveLength(1);
  });
});

describe("one operation that a gateway sends as several requests", () => {
  it("asks for each of its tasks once", async () => {
    const wanted = ids("sim:", 60);
    sim.fault({ kind: "latency", ms: 1_500 });
    const fields = ["status", "isTerminal", "needsAttention", "rawStatus { value }"];
    const entities = (field: string, some: readonly string[]) =>
      service.query(
        `query ($them: [_Any!]!) { _entities(representations: $them) { ... on BatchTask { id ${field} } } }`,
        { them: some.map((id) => ({ __typename: "BatchTask", id })) },
      );

    const [set, ...parts] = await Promise.all([
      ask(...wanted),
      ...fields.flatMap((field) => [entities(field, wanted.slice(0, 40)), entities(field, wanted.slice(20))]),
    ]);

    expect(set.lookups.map(({ task }) => task?.id)).toEqual(wanted);
    expect(parts).toHaveLength(8);
    for (const [index, { body }] of parts.entries()) {
      const some = index % 2 === 0 ? wanted.slice(0, 40) : wanted.slice(20);
      expect(body.errors).toBeUndefined();
      expect(body.data._entities.map(({ id }: { id: string }) => id)).toEqual(some);
    }
    expect(sim.totals.ids).toBe(60);
    expect(sim.totals.taskCalls).toBeLessThanOrEqual(3);
  });
});
