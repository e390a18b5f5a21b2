import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { startService, type TestService } from "../support/service.ts";

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

interface Lookup {
  readonly requestedId: string;
  readonly task: { readonly id: string; readonly status: string } | null;
  readonly problem: {
    readonly code: string;
    readonly message: string;
    readonly retryable: boolean;
    readonly retryAfter: string | null;
    readonly upstreamCode: string | null;
  } | null;
}

async function lookUp(ids: readonly string[]): Promise<{ lookups: Lookup[]; summary: Record<string, unknown> }> {
  const { body } = await service.query(
    `query ($ids: [ID!]!) { batchTasks(ids: $ids) {
      lookups { requestedId task { id status } problem { code message retryable retryAfter upstreamCode } }
      summary { total resolved unresolved allTerminal anyNeedsAttention }
    } }`,
    { ids },
  );
  expect(body.errors).toBeUndefined();
  return body.data.batchTasks;
}

const idsOf = (prefix: string, count: number): string[] =>
  sandbox
    .tasks()
    .map(({ account, upstreamId }) => `${account}:${upstreamId}`)
    .filter((id) => id.startsWith(prefix))
    .slice(0, count);

const outcome = ({ task, problem }: Lookup): string => problem?.code ?? (task ? "found" : "nothing");

describe("with upstreams failing in different ways at once", () => {
  it("each id carries its own upstream's problem, within the deadline, and the healthy one is right", async () => {
    await sandbox.upstream("huawei-dli").down();
    sandbox.upstream("feishu-contact").fault({ kind: "silence" });
    sandbox.upstream("bk-sops").fault({ kind: "html", status: 200 });
    sandbox.upstream("huawei-iam").set({ userState: "no-programmatic-access" });
    const groups = {
      sim: idsOf("sim:", 120),
      spark: idsOf("spark-prod:", 2),
      lark: idsOf("lark:", 2),
      ops: idsOf("ops:2/", 60),
      drs: idsOf("drs-prod:", 3),
    };
    const ids = Object.values(groups).flat();
    const startedAt = performance.now();

    const { lookups, summary } = await lookUp(ids);

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
      total: ids.length,
      resolved: 120,
      unresolved: ids.length - 120,
      allTerminal: false,
    });
    expect(performance.now() - startedAt).toBeLessThan(deadlineMs + 5_000);
  });

  it("the account of a failing upstream is shown as degraded, the others as healthy", async () => {
    await sandbox.upstream("huawei-dli").down();
    await lookUp([...idsOf("spark-prod:", 1), ...idsOf("sim:", 1)]);

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
    ["a 500", { kind: "status", status: 500 }],
    ["a reset connection", { kind: "reset" }],
    ["half a body", { kind: "cut-body" }],
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

  it("costs only the ids of its own chunk their answers", async () => {
    const ids = idsOf("sim:", 230);
    const upstream = sandbox.upstream("eiotclub");
    const [poisoned] = ids;
    upstream.fault({ kind: "status", status: 500, whenTaskId: poisoned?.slice("sim:".length) ?? "" });

    const { lookups } = await lookUp(ids);

    const failed = lookups.filter(({ problem }) => problem?.code === "UPSTREAM_UNAVAILABLE");
    expect(failed.length).toBe(77);
    expect(failed.map(({ requestedId }) => requestedId)).toContain(poisoned);
    expect(lookups.filter(({ task }) => task)).toHaveLength(230 - 77);
    expect(lookups.every(({ task, requestedId }) => task === null || task.id === requestedId)).toBe(true);
  });

  it("is over at once when the upstream asks for more patience than the deadline has", async () => {
    sandbox.upstream("eiotclub").fault({ kind: "throttle", retryAfterSeconds: 30 });

    const { lookups } = await lookUp(["sim:884213"]);

    expect(lookups[0]?.problem).toMatchObject({ code: "RATE_LIMITED", retryable: true });
    const waitMs = Date.parse(lookups[0]?.problem?.retryAfter ?? "") - Date.now();
    expect(waitMs).toBeGreaterThan(25_000);
    expect(sandbox.upstream("eiotclub").taskCalls).toHaveLength(1);
  });

  it("that drips a byte at a time ends by total time, not by idle time", async () => {
    sandbox.upstream("eiotclub").fault({ kind: "drip", msPerByte: 50 });

    const { lookups } = await lookUp(["sim:884213"]);

    expect(lookups.map(outcome)).toEqual(["TIMEOUT"]);
  });

  it("that is far too large is malformed", async () => {
    sandbox.upstream("eiotclub").fault({ kind: "huge", bytes: 6_000_000 });

    const { lookups } = await lookUp(["sim:884213"]);

    expect(lookups.map(outcome)).toEqual(["UPSTREAM_MALFORMED"]);
  });
});

describe("an answer with rows in disorder", () => {
  const disorder = { dropIds: [] as string[], doubleRows: true, foreignRows: 3, rowOrder: "shuffle" };

  it("still gives every id its own task, and a left-out one its own problem", async () => {
    const ids = idsOf("drs-prod:", 30);
    const [dropped] = ids;
    sandbox.upstream("huawei-drs").set({
      dropIds: [dropped?.slice("drs-prod:".length)],
      doubleRows: disorder.doubleRows,
      foreignRows: disorder.foreignRows,
      rowOrder: disorder.rowOrder,
    });

    const { lookups } = await lookUp(ids);

    expect(outcome(lookups[0] as Lookup)).not.toBe("found");
    expect(lookups.slice(1).map(({ task }) => task?.id)).toEqual(ids.slice(1));
  });
});

describe("one poisonous id", () => {
  it("among 50 of bk-sops costs 14 extra calls at most and no other id its answer", async () => {
    const ids = idsOf("ops:2/", 50);
    const poison = ids[17] ?? "";
    const upstream = sandbox.upstream("bk-sops");
    upstream.set({ poisonIds: [poison.slice("ops:".length)] });

    const { lookups } = await lookUp(ids);

    expect(lookups.filter(({ task }) => task)).toHaveLength(49);
    expect(lookups[17]).toMatchObject({ task: null, problem: { code: "UPSTREAM_ERROR", upstreamCode: "3599999" } });
    expect(upstream.taskCalls.length).toBeLessThanOrEqual(1 + 14);
  });

  it("among 100 of eIoTClub costs no other id its answer", async () => {
    const ids = idsOf("sim:", 100);
    const poison = ids[42] ?? "";
    const upstream = sandbox.upstream("eiotclub");
    upstream.set({ poisonIds: [poison.slice("sim:".length)] });

    const { lookups } = await lookUp(ids);

    expect(lookups.filter(({ task }) => task)).toHaveLength(99);
    expect(lookups[42]?.problem?.code).toBe("UPSTREAM_ERROR");
    expect(upstream.taskCalls.length).toBeLessThanOrEqual(1 + 16);
  });
});

describe("poisonous ids all over a call", () => {
  it("cost no other id its answer", async () => {
    const ids = idsOf("ops:2/", 50);
    const poisons = [3, 9, 15, 21, 28, 34, 40, 46].map((place) => ids[place] ?? "");
    sandbox.upstream("bk-sops").set({ poisonIds: poisons.map((id) => id.slice("ops:".length)) });

    const { lookups } = await lookUp(ids);

    expect(lookups.filter(({ task }) => task)).toHaveLength(42);
    expect(lookups.filter(({ problem }) => problem).map(({ requestedId }) => requestedId)).toEqual(poisons);
  });
});

describe("a success code that nobody configured", () => {
  it("fails both halves of a call alike, and is not asked about further", async () => {
    const upstream = sandbox.upstream("eiotclub");
    upstream.set({ successCode: 10_000 });

    const { lookups } = await lookUp(idsOf("sim:", 100));

    expect(new Set(lookups.map(({ problem }) => problem?.upstreamCode))).toEqual(new Set(["10000"]));
    expect(lookups[0]?.problem).toMatchObject({ code: "UPSTREAM_ERROR", retryable: false });
    expect(upstream.taskCalls).toHaveLength(3);
  });
});

describe("a business that the application may not see", () => {
  it("is FORBIDDEN, and not asked for in halves", async () => {
    const upstream = sandbox.upstream("bk-sops");

    const { lookups } = await lookUp(["ops:4/30004000", "ops:4/30004001", ...idsOf("ops:2/", 1)]);

    expect(lookups.map(outcome)).toEqual(["FORBIDDEN", "FORBIDDEN", "found"]);
    expect(upstream.taskCalls).toHaveLength(2);
  });
});

describe("tokens", () => {
  it("that end while they are in use are renewed once for all waiting calls", async () => {
    const ids = idsOf("lark:", 10);
    const upstream = sandbox.upstream("feishu-contact");
    const tokenCalls = () => upstream.calls.filter(({ path }) => path.includes("tenant_access_token"));
    await lookUp(ids);
    expect(tokenCalls()).toHaveLength(1);
    upstream.act("revokeTokens");
    upstream.clearCalls();

    const { lookups } = await lookUp(ids);

    expect(lookups.every(({ task }) => task !== null)).toBe(true);
    expect(tokenCalls()).toHaveLength(1);
  });

  it("of one IAM user are shared by the accounts of different providers", async () => {
    await lookUp([...idsOf("drs-prod:", 2), "spark-token:0a324461-d9d9-45da-a52a-3b3c7a3d809e"]);

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

    const first = await lookUp(idsOf("spark-prod:", 20));
    const refusedFirst = upstream.calls.length;
    const second = await lookUp(idsOf("spark-prod:", 20));

    expect([...new Set([...first.lookups, ...second.lookups].map(outcome))]).toEqual(["AUTH_FAILED"]);
    expect(refusedFirst).toBeLessThanOrEqual(4);
    expect(upstream.calls).toHaveLength(refusedFirst);
  });
});
