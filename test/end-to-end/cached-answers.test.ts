import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxUpstreamControl } from "../../src/sandbox/upstream-control.ts";
import { startService, type TestService } from "../support/service.ts";
import { idsOf, kindsOf, lookUp, metricOf, movableClock, outcomes, underWay } from "./asking.ts";

let sandbox: Sandbox;
let sim: SandboxUpstreamControl;
let drs: SandboxUpstreamControl;
let service: TestService;

beforeAll(async () => {
  // Upstreams know the time, too: they refuse signatures that are old.
  sandbox = await startSandbox({ now: () => Date.now() });
  sim = sandbox.upstream("eiotclub");
  drs = sandbox.upstream("huawei-drs");
});

beforeEach(async () => {
  service = await startService({ sandbox });
});

afterEach(async () => {
  await service.close();
  await sandbox.reset();
});

afterAll(() => sandbox.close());

const ask = (...ids: readonly string[]) => lookUp(service, ids);

type Lookups = Awaited<ReturnType<typeof lookUp>>["lookups"];

const sourcesOf = (lookups: Lookups): (string | undefined)[] => [
  ...new Set(lookups.map(({ task }) => task?.observation.source)),
];

/** Ids of tasks that nobody has made, which an upstream tells as done all the same. */
function doneIds(count: number): string[] {
  const ids = Array.from({ length: count }, (_, index) => `${700_000 + index}`);
  sim.set({ unknownIds: "empty-status", statusOverrides: Object.fromEntries(ids.map((id) => [id, 2])) });
  return ids.map((id) => `sim:${id}`);
}

describe("1000 terminal tasks", () => {
  it("cost nothing when they are asked for again, and a batch again when their time is over", async () => {
    const clock = movableClock();
    const wanted = doneIds(1_000);

    const first = await ask(...wanted);
    expect(sim.taskCalls).toHaveLength(10);
    expect(kindsOf(first)).toEqual(["found"]);
    expect(first.summary).toMatchObject({ allTerminal: true, pollAfter: null });
    expect(sourcesOf(first.lookups)).toEqual(["UPSTREAM"]);

    clock.advance(599_000);
    const second = await ask(...wanted);
    expect(sim.taskCalls).toHaveLength(10);
    expect(sourcesOf(second.lookups)).toEqual(["CACHE"]);
    expect(second.lookups.map(({ task }) => task?.status)).toEqual(first.lookups.map(({ task }) => task?.status));
    expect(await metricOf(service, "batch_task_lookups_total", { provider: "eiotclub", outcome: "CACHE" })).toBe(1_000);

    clock.advance(2_000);
    const third = await ask(...wanted);
    expect(sim.taskCalls).toHaveLength(20);
    expect(sourcesOf(third.lookups)).toEqual(["UPSTREAM"]);
  });
});

describe("an answer", () => {
  it("says how old it is, and is as long good for a client as for us", async () => {
    const clock = movableClock();
    const wanted = doneIds(1);
    await ask(...wanted);
    clock.advance(100_000);

    const { body, headers } = await service.query(
      "query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { observation { ageMs stale } } } } }",
      { ids: wanted },
    );

    const { ageMs, stale } = body.data.batchTasks.lookups[0].task.observation;
    expect(ageMs).toBeGreaterThanOrEqual(100_000);
    expect(ageMs).toBeLessThan(110_000);
    expect(stale).toBe(false);
    const [, seconds] = /^private, max-age=(\d+)$/.exec(headers.get("cache-control") ?? "") ?? [];
    expect(Number(seconds)).toBeGreaterThan(490);
    expect(Number(seconds)).toBeLessThanOrEqual(500);
  });

  it("to a question for more serves one for less, not the reverse", async () => {
    const [id = ""] = idsOf(sandbox, "drs-prod:", 1);
    const rich = "query ($id: ID!) { batchTask(id: $id) { name progress { percent } } }";
    const plain = "query ($id: ID!) { batchTask(id: $id) { status observation { source } } }";

    await service.query(plain, { id });
    await service.query(rich, { id });
    const reads = drs.taskCalls.map(({ path }) => path.slice(path.lastIndexOf("/") + 1));
    expect(reads.toSorted()).toEqual(["batch-detail", "batch-progress", "batch-status"]);

    const { body } = await service.query(plain, { id });
    await service.query(rich, { id });
    expect(body.data.batchTask.observation.source).toBe("CACHE");
    expect(drs.taskCalls).toHaveLength(3);
  });

  it("that there is no such task is good for five seconds", async () => {
    const clock = movableClock();
    const spark = sandbox.upstream("huawei-dli");
    const unknown = "spark-prod:00000000-0000-4000-8000-000000000000";
    expect(outcomes(await ask(unknown))).toEqual(["NOT_FOUND"]);

    clock.advance(4_000);
    expect(outcomes(await ask(unknown))).toEqual(["NOT_FOUND"]);
    expect(spark.taskCalls).toHaveLength(1);

    clock.advance(2_000);
    await ask(unknown);
    expect(spark.taskCalls).toHaveLength(2);
  });
});

describe("while an upstream is down", () => {
  const stalePart = { source: "STALE_CACHE", stale: true, problem: { code: "UPSTREAM_UNAVAILABLE" } };

  it("what was known is shown with the problem for ten minutes past its time, then the problem alone", async () => {
    const clock = movableClock();
    const [running = ""] = await underWay(service, idsOf(sandbox, "sim:", 100), 1);
    sim.fault({ kind: "reset" });

    clock.advance(2_600);
    const [lookup] = (await ask(running)).lookups;
    expect(lookup).toMatchObject({
      task: { id: running, status: "RUNNING", observation: stalePart },
      problem: { code: "UPSTREAM_UNAVAILABLE", retryable: true },
    });

    clock.advance(599_000);
    expect(outcomes(await ask(running))).toEqual(["stale, UPSTREAM_UNAVAILABLE"]);
    clock.advance(2_000);
    expect((await ask(running)).lookups[0]).toMatchObject({ task: null });
  });

  it("a set says when to ask again for what could not be told, though all the rest is done", async () => {
    const [done = "", other = ""] = doneIds(2);
    await ask(done);
    sim.fault({ kind: "reset" });

    const { lookups, summary } = await ask(done, other);

    expect(lookups[1]).toMatchObject({ task: null, problem: { retryable: true, retryAfter: null } });
    const inMs = Date.parse(String(summary.pollAfter)) - Date.now();
    expect(inMs).toBeGreaterThan(4_000);
    expect(inMs).toBeLessThanOrEqual(5_000);
  });

  it("what cannot change any more is shown for a day past its time", async () => {
    const clock = movableClock();
    const [done = ""] = doneIds(1);
    await ask(done);
    sim.fault({ kind: "reset" });

    clock.advance(600_000 + 86_000_000);
    const answer = await ask(done);
    expect(answer.lookups[0]?.task).toMatchObject({ status: "SUCCEEDED", observation: stalePart });
    expect(answer.summary).toMatchObject({ resolved: 1, unresolved: 0, allTerminal: true, pollAfter: null });

    clock.advance(500_000);
    expect((await ask(done)).lookups[0]).toMatchObject({ task: null });
  });

  it("nobody may keep the response, and one task or an entity is answered without an error", async () => {
    const clock = movableClock();
    const [done = ""] = doneIds(1);
    await ask(done);
    clock.advance(700_000);
    sim.fault({ kind: "reset" });

    const { body, headers } = await service.query(
      `query ($id: ID!, $representations: [_Any!]!) {
        batchTask(id: $id) { status observation { source stale problem { code } } }
        _entities(representations: $representations) { ... on EiotclubTask { status observation { source stale problem { code } } } }
      }`,
      { id: done, representations: [{ __typename: "BatchTask", id: done }] },
    );

    const task = { status: "SUCCEEDED", observation: stalePart };
    expect(body).toEqual({ data: { batchTask: task, _entities: [task] } });
    expect(headers.get("cache-control")).toBe("no-store, max-age=0");
  });

  it("a part that was never seen is null with an error at its place", async () => {
    const clock = movableClock();
    const [id = ""] = idsOf(sandbox, "drs-prod:", 1);
    await service.query("query ($id: ID!) { batchTask(id: $id) { status } }", { id });
    clock.advance(100_000_000);
    await service.query("query ($id: ID!) { batchTask(id: $id) { status } }", { id });
    clock.advance(16_000);
    drs.fault({ kind: "reset" });

    const { body } = await service.query("query ($id: ID!) { batchTask(id: $id) { id name status } }", { id });

    expect(body.data.batchTask).toMatchObject({ id, name: null, status: expect.any(String) });
    expect(body.errors).toMatchObject([{ path: ["batchTask", "name"], extensions: { code: "UPSTREAM_UNAVAILABLE" } }]);
  });

  it("what may not be seen any more is not shown", async () => {
    const clock = movableClock();
    const [id = ""] = idsOf(sandbox, "ops:2/", 1);
    await ask(id);
    clock.advance(700_000);
    sandbox.upstream("bk-sops").fault({ kind: "status", status: 403, body: "{}" });

    expect((await ask(id)).lookups).toMatchObject([{ task: null, problem: { code: "FORBIDDEN" } }]);
  });
});
