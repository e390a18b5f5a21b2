import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { startService, type TestService } from "../support/service.ts";
import { lookUp as askFor, idsOf, outcome, upstreamIdOf } from "./asking.ts";

/** Long enough for one retry after throttling, which waits up to two seconds. */
const deadlineMs = 4_000;

let sandbox: Sandbox;
let service: TestService;

beforeAll(async () => {
  sandbox = await startSandbox();
});

/** A new process each time: what one failure taught (tokens, held keys, clocks) must not colour the next. */
beforeEach(async () => {
  service = await startService({ sandbox, limits: { deadlineMs } });
});

afterEach(async () => {
  await service.close();
  await sandbox.reset();
});

afterAll(() => sandbox.close());

const lookUp = (ids: readonly string[]) => askFor(service, ids);

const ids = (prefix: string, count: number): string[] => idsOf(sandbox, prefix, count);

describe("with upstreams failing in different ways at once", () => {
  it("each id carries its own upstream's problem, within the deadline, and the healthy one is right", async () => {
    await sandbox.upstream("huawei-dli").down();
    sandbox.upstream("feishu-contact").fault({ kind: "silence" });
    sandbox.upstream("bk-sops").fault({ kind: "html", status: 200 });
    sandbox.upstream("huawei-iam").set({ userState: "no-programmatic-access" });
    const groups = {
      sim: ids("sim:", 120),
      spark: ids("spark-prod:", 2),
      lark: ids("lark:", 2),
      ops: ids("ops:2/", 60),
      drs: ids("drs-prod:", 3),
    };
    const wanted = Object.values(groups).flat();
    const startedAt = performance.now();

    const { lookups, summary } = await lookUp(wanted);

    const outcomes = Object.fromEntries(
      Object.entries(groups).map(([name, group]) => [
        name,
        [...new Set(lookups.filter(({ requestedId }) => group.includes(requestedId)).map(outcome))],
      ]),
    );
    expect(outcomes).toEqual({
      sim: ["found"],
      spark: ["UPSTREAM_UNAVAILABLE"],
      lark: ["TIMEOUT"],
      ops: ["UPSTREAM_MALFORMED"],
      drs: ["AUTH_FAILED"],
    });
    expect(lookups.filter(({ task }) => task).every(({ task, requestedId }) => task?.id === requestedId)).toBe(true);
    expect(summary).toMatchObject({
      total: wanted.length,
      resolved: 120,
      unresolved: wanted.length - 120,
      allTerminal: false,
    });
    expect(performance.now() - startedAt).toBeLessThan(deadlineMs + 5_000);
  });

  it("the account of a failing upstream is shown as degraded, the others as healthy", async () => {
    await sandbox.upstream("huawei-dli").down();
    await lookUp([...ids("spark-prod:", 1), ...ids("sim:", 1)]);

    const { body } = await service.query("{ batchTaskAccounts { name health provider maxIdsPerCall minPollSeconds } }");

    const accounts = Object.fromEntries(
      body.data.batchTaskAccounts.map((account: { name: string }) => [account.name, account]),
    );
    expect(accounts["spark-prod"]).toEqual({
      name: "spark-prod",
      health: "DEGRADED",
      provider: "HUAWEI_DLI",
      maxIdsPerCall: 1,
      minPollSeconds: 5,
    });
    expect(accounts.sim).toMatchObject({ health: "OK", maxIdsPerCall: 100 });
  });
});

describe("a fault of one call", () => {
  it.each([
    ["an empty body", { kind: "empty" }],
    ["a page of HTML", { kind: "html", status: 200 }],
    ["a throttling without a hint", { kind: "throttle" }],
  ] as const)("is made up for by one retry: %s", async (_name, fault) => {
    const upstream = sandbox.upstream("eiotclub");
    upstream.fault({ ...fault, times: 1 });

    const { lookups } = await lookUp(["sim:884213"]);

    expect(lookups.map(outcome)).toEqual(["found"]);
    expect(upstream.taskCalls).toHaveLength(2);
  });
});

describe("one poisonous id", () => {
  it("among 100 of eIoTClub costs no other id its answer", async () => {
    const wanted = ids("sim:", 100);
    const poison = wanted[42] ?? "";
    const upstream = sandbox.upstream("eiotclub");
    upstream.set({ poisonIds: [upstreamIdOf(poison)] });

    const { lookups } = await lookUp(wanted);

    expect(lookups.filter(({ task }) => task)).toHaveLength(99);
    expect(lookups[42]?.problem?.code).toBe("UPSTREAM_ERROR");
    expect(upstream.taskCalls.length).toBeLessThanOrEqual(1 + 16);
  });
});

describe("poisonous ids all over a call", () => {
  it("cost no other id its answer", async () => {
    const wanted = ids("ops:2/", 50);
    const poisons = [3, 9, 15, 21, 28, 34, 40, 46].map((place) => wanted[place] ?? "");
    sandbox.upstream("bk-sops").set({ poisonIds: poisons.map(upstreamIdOf) });

    const { lookups } = await lookUp(wanted);

    expect(lookups.filter(({ task }) => task)).toHaveLength(42);
    expect(lookups.filter(({ problem }) => problem).map(({ requestedId }) => requestedId)).toEqual(poisons);
  });
});

describe("a success code that nobody configured", () => {
  it("fails both halves of a call alike, and is not asked about further", async () => {
    const upstream = sandbox.upstream("eiotclub");
    upstream.set({ successCode: 10_000 });

    const { lookups } = await lookUp(ids("sim:", 100));

    expect(new Set(lookups.map(({ problem }) => problem?.upstreamCode))).toEqual(new Set(["10000"]));
    expect(lookups[0]?.problem).toMatchObject({ code: "UPSTREAM_ERROR", retryable: false });
    expect(upstream.taskCalls).toHaveLength(3);
  });
});

describe("tokens", () => {
  it("of one IAM user are shared by the accounts of different providers", async () => {
    await lookUp([...ids("drs-prod:", 2), "spark-token:0a324461-d9d9-45da-a52a-3b3c7a3d809e"]);

    expect(sandbox.upstream("huawei-iam").calls).toHaveLength(1);
  });
});

describe("wrong credentials", () => {
  it("of an access key cost at most 4 refused signatures, not one for each job, and the key is left alone for a while", async () => {
    await service.close();
    service = await startService({
      sandbox,
      accounts: { "spark-prod": { auth: { accessKey: "NOBODYKNOWSTHISKEY", secretKey: "not-the-right-secret" } } },
    });
    const upstream = sandbox.upstream("huawei-dli");

    const first = await lookUp(ids("spark-prod:", 20));
    const refusedFirst = upstream.calls.length;
    const second = await lookUp(ids("spark-prod:", 20));

    expect([...new Set([...first.lookups, ...second.lookups].map(outcome))]).toEqual(["AUTH_FAILED"]);
    expect(refusedFirst).toBeLessThanOrEqual(4);
    expect(upstream.calls).toHaveLength(refusedFirst);
  });
});
