import type { Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxUpstreamControl } from "../../src/sandbox/upstream-control.ts";
import { answerWith, type RawAnswering, type RawUpstream, startRawUpstream } from "../http/raw-upstream.ts";
import { expectedTask } from "../support/expected-task.ts";
import { startService, type TestService, type TestServiceOptions } from "../support/service.ts";
import { startConfigured } from "../support/service-process.ts";
import {
  healthOf,
  idsOf,
  kindsOf,
  lookUp,
  metricOf,
  movableClock,
  outcome,
  outcomes,
  underWay,
  upstreamIdOf,
} from "./asking.ts";

/**
 * The fault table of the resilience contract, row by row and in its words: what the client sees, and what happens inside.
 */

/** Long enough for one retry after throttling, which waits up to two seconds. */
const deadlineMs = 4_000;

const good = "sim:884213";

let sandbox: Sandbox;
let service: TestService;
let sim: SandboxUpstreamControl;
let ops: SandboxUpstreamControl;
let lark: SandboxUpstreamControl;
let drs: SandboxUpstreamControl;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => Date.now() });
  sim = sandbox.upstream("eiotclub");
  ops = sandbox.upstream("bk-sops");
  lark = sandbox.upstream("feishu-contact");
  drs = sandbox.upstream("huawei-drs");
});

/** A service of its own each time: breakers, pauses, tokens and clocks that were learnt must not colour the next row. */
beforeEach(async () => {
  service = await startService({ sandbox, limits: { deadlineMs } });
});

afterEach(async () => {
  await service.close();
  await sandbox.reset();
});

afterAll(() => sandbox.close());

async function restart(options: Partial<TestServiceOptions>): Promise<void> {
  await service.close();
  service = await startService({ sandbox, limits: { deadlineMs }, ...options });
}

const ask = (...ids: readonly string[]) => lookUp(service, ids);

const ids = (prefix: string, count: number): string[] => idsOf(sandbox, prefix, count);

const attempts = (labels: Readonly<Record<string, string>>): Promise<number> =>
  metricOf(service, "batch_task_upstream_attempt_duration_seconds_count", labels);

const repeats = (provider: string, because: string): Promise<number> =>
  metricOf(service, "batch_task_upstream_repeats_total", { provider, because });

const openings = (account: string): Promise<number> =>
  metricOf(service, "batch_task_breaker_changes_total", { account, state: "open" });

const tokenCalls = (): number => lark.calls.filter(({ path }) => path.includes("tenant_access_token")).length;

/** A service whose account `sim` speaks with a raw socket instead of the sandbox. */
async function restartWithRawSim(answering: RawAnswering): Promise<RawUpstream> {
  const upstream = await startRawUpstream(answering);
  onTestFinished(() => upstream.close());
  await restart({ accounts: { sim: { baseUrl: new URL(upstream.url).origin } } });
  return upstream;
}

/** A body of eIoTClub that tells one status of the good id. */
const simBody = (status: string): string =>
  JSON.stringify({ code: "200", data: [{ id: upstreamIdOf(good), status, result: "" }] });

/** A sandbox and a service whose clocks stand still, so that both see the same state of every task. */
async function freezeTime(): Promise<Sandbox> {
  const startedAt = Date.now();
  const now = (): number => startedAt;
  const frozen = await startSandbox({ now });
  onTestFinished(() => frozen.close());
  await restart({ sandbox: frozen, now });
  return frozen;
}

const toldOf = ({ task }: { readonly task: object | null }): unknown => {
  if (!task) return null;
  const { observation, ...told } = task as { readonly observation?: unknown };
  return told;
};

/** What the graph should say of the sandbox's tasks, in the order of the ids. */
function expectedTasks(of: Sandbox, wanted: readonly string[]): unknown[] {
  const held = new Map(of.tasks().map((task) => [`${task.account}:${task.upstreamId}`, task]));
  return wanted.map((id) => {
    const task = held.get(id);
    return task ? expectedTask(task) : null;
  });
}

describe("connection refused", () => {
  it("UPSTREAM_UNAVAILABLE for that account's ids, others answered; at most 3 attempts, and the breaker counts", async () => {
    await sim.down();
    const lost = { provider: "eiotclub", outcome: "unreachable" };

    const first = await ask(...ids("sim:", 3), ...ids("ops:2/", 1), ...ids("lark:", 1));
    const attemptsOfOneCall = await attempts(lost);
    await ask(good);

    expect(outcomes(first)).toEqual([...Array.from({ length: 3 }, () => "UPSTREAM_UNAVAILABLE"), "found", "found"]);
    expect(attemptsOfOneCall).toBe(3);
    // The fifth in a row opened it: the second call had no third attempt.
    expect(await attempts(lost)).toBe(5);
    expect(await openings("sim")).toBe(1);
    expect(await healthOf(service, "sim")).toBe("CIRCUIT_OPEN");
    expect(await healthOf(service, "ops")).toBe("OK");
  });
});

describe("accepts, then silence", () => {
  it("TIMEOUT; the socket is destroyed", async () => {
    await restart({ accounts: { sim: { timeoutMs: 300 } } });
    sim.fault({ kind: "silence" });

    const answer = await ask(good, ...ids("ops:2/", 1));

    expect(outcomes(answer)).toEqual(["TIMEOUT", "found"]);
    expect(sim.taskCalls).toHaveLength(3);
    await expect.poll(() => sim.openCalls).toBe(0);
  });

  it("stale data if there is any", async () => {
    await restart({ accounts: { sim: { timeoutMs: 300 } } });
    const clock = movableClock();
    const [known] = (await ask(good)).lookups;
    clock.advance(600_000);
    sim.fault({ kind: "silence" });

    const answer = await ask(good, "sim:884001");

    expect(outcomes(answer)).toEqual(["stale, TIMEOUT", "TIMEOUT"]);
    expect(answer.lookups[0]?.task).toMatchObject({
      status: known?.task?.status,
      observation: { source: "STALE_CACHE", stale: true, problem: { code: "TIMEOUT" } },
    });
  });
});

describe("reset in the middle of headers or body", () => {
  const head = (length: number): string => `HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`;
  const fragments: readonly (readonly [string, string])[] = [
    ["headers", "HTTP/1.1 200 OK\r\ncontent-le"],
    ["a body", `${head(simBody("1").length)}${simBody("1").slice(0, 20)}`],
    ["a body whose first half looks whole", `${head(2 * simBody("1").length)}${simBody("1")}`],
  ];

  const resetAfter = (socket: Socket, text: string): void =>
    void socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 20));

  it.each(fragments)("%s: answered after a retry; half a body is never parsed", async (_place, fragment) => {
    const upstream = await restartWithRawSim((socket, index) =>
      index === 0 ? resetAfter(socket, fragment) : answerWith(socket, 200, simBody("2")),
    );

    const { lookups } = await ask(good);

    expect(lookups[0]?.task).toMatchObject({ status: "SUCCEEDED", rawStatus: { value: "2" } });
    expect(upstream.requests).toHaveLength(2);
    expect(await repeats("eiotclub", "transient")).toBe(1);
  });

  it.each(fragments)("%s, every time: UPSTREAM_UNAVAILABLE after 3 attempts", async (_place, fragment) => {
    const upstream = await restartWithRawSim((socket) => resetAfter(socket, fragment));

    expect(outcomes(await ask(good))).toEqual(["UPSTREAM_UNAVAILABLE"]);
    expect(upstream.requests).toHaveLength(3);
  });
});

describe("one byte per second", () => {
  it("TIMEOUT; total time counts, not idle time", async () => {
    await restart({ accounts: { sim: { timeoutMs: 1_200 } }, limits: { deadlineMs: 2_400 } });
    sim.fault({ kind: "drip", msPerByte: 1_000 });

    expect(outcomes(await ask(good))).toEqual(["TIMEOUT"]);
    // By idle time the first attempt would still have been going on at the deadline.
    expect(sim.taskCalls).toHaveLength(2);
    await expect.poll(() => sim.openCalls).toBe(0);
  });
});

describe("500, then 200", () => {
  it("answered; one retry, visible in the metrics", async () => {
    sim.fault({ kind: "status", status: 500, times: 1 });

    expect(outcomes(await ask(good))).toEqual(["found"]);
    expect(sim.taskCalls.map(({ status }) => status)).toEqual([500, 200]);
    expect(await repeats("eiotclub", "transient")).toBe(1);
    expect(await attempts({ provider: "eiotclub", outcome: "5xx" })).toBe(1);
    expect(await attempts({ provider: "eiotclub", outcome: "2xx" })).toBe(1);
  });
});

describe("429 or 503 with a hint", () => {
  const withHint = (status: number, seconds: number) =>
    ({ kind: "status", status, headers: { "retry-after": String(seconds) } }) as const;

  it.each([429, 503])("%i: waits when it fits the deadline", async (status) => {
    sim.fault({ ...withHint(status, 1), times: 1 });

    expect(outcomes(await ask(good))).toEqual(["found"]);
    const [first, second, ...others] = sim.taskCalls;
    expect(others).toEqual([]);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect(await repeats("eiotclub", "throttled")).toBe(1);
  });

  it.each([429, 503])(
    "%i: else RATE_LIMITED with retryAfter; the limiter is closed until then, the breaker untouched",
    async (status) => {
      const clock = movableClock();
      sim.fault({ ...withHint(status, 30), times: 1 });
      const askedAt = Date.now();

      const [first] = (await ask(good)).lookups;
      const [meanwhile] = (await ask("sim:884001")).lookups;

      for (const lookup of [first, meanwhile]) {
        expect(lookup?.problem).toMatchObject({ code: "RATE_LIMITED", retryable: true });
        const waitMs = Date.parse(lookup?.problem?.retryAfter ?? "") - askedAt;
        expect(waitMs).toBeGreaterThanOrEqual(29_000);
        expect(waitMs).toBeLessThan(40_000);
      }
      expect(sim.taskCalls).toHaveLength(1);
      expect(await healthOf(service, "sim")).toBe("RATE_LIMITED");

      // More in a row than would open it, were they counted.
      sim.fault({ ...withHint(status, 30), times: 6 });
      for (let round = 0; round < 6; round += 1) {
        clock.advance(40_000);
        expect(outcomes(await ask(good))).toEqual(["RATE_LIMITED"]);
      }
      expect(sim.taskCalls).toHaveLength(7);
      expect(await metricOf(service, "batch_task_breaker_changes_total", { account: "sim" })).toBe(0);

      clock.advance(40_000);
      expect(outcomes(await ask(good))).toEqual(["found"]);
      expect(await healthOf(service, "sim")).toBe("OK");
    },
  );
});

describe("Feishu's limit as HTTP 400 with code 99991400", () => {
  const limit = (seconds: number) =>
    ({
      kind: "status",
      status: 400,
      body: { code: 99991400, msg: "request trigger frequency limit" },
      headers: { "x-ogw-ratelimit-reset": String(seconds) },
    }) as const;

  it("the same: waits when it fits the deadline", async () => {
    lark.fault({ ...limit(1), times: 1 });

    expect(outcomes(await ask(...ids("lark:", 1)))).toEqual(["found"]);
    const [first, second] = lark.taskCalls;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect(lark.taskCalls).toHaveLength(2);
  });

  it("the same: else RATE_LIMITED with retryAfter, the limiter closed, the breaker untouched", async () => {
    lark.fault(limit(45));
    const [one = "", other = ""] = ids("lark:", 2);

    const [first] = (await ask(one)).lookups;
    const [meanwhile] = (await ask(other)).lookups;

    expect(first?.problem).toMatchObject({ code: "RATE_LIMITED", upstreamCode: "99991400" });
    expect(meanwhile?.problem).toMatchObject({ code: "RATE_LIMITED" });
    expect(Date.parse(first?.problem?.retryAfter ?? "") - Date.now()).toBeGreaterThan(30_000);
    expect(lark.taskCalls).toHaveLength(1);
    expect(await openings("lark")).toBe(0);
  });

  it("told by body code: another one under the same status is no limit", async () => {
    lark.fault({ ...limit(45), body: { code: 1234567, msg: "no" } });

    const { lookups } = await ask(...ids("lark:", 1));

    expect(lookups[0]?.problem).toMatchObject({ code: "UPSTREAM_ERROR", upstreamCode: "1234567" });
    expect(await healthOf(service, "lark")).toBe("OK");
  });
});

describe("200 with an error body", () => {
  it("a problem with upstreamCode; the breaker counts system errors", async () => {
    await restart({ accounts: { sim: { maxIdsPerCall: 1 } } });
    sim.set({ refuseAll: "injected" });

    const { lookups } = await ask(good);
    expect(lookups[0]?.problem).toMatchObject({ code: "UPSTREAM_ERROR", upstreamCode: "500" });
    expect(sim.taskCalls.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await openings("sim")).toBe(0);

    await ask(...ids("sim:", 20));
    expect(await healthOf(service, "sim")).toBe("CIRCUIT_OPEN");
    expect(await openings("sim")).toBe(1);
    expect(sim.taskCalls.length).toBeGreaterThanOrEqual(20);
  });

  it("and not refusals, however many", async () => {
    await restart({ accounts: { sim: { maxIdsPerCall: 1 } } });
    sim.set({ refuseAll: "addressNotListed" });

    expect(kindsOf(await ask(...ids("sim:", 30)))).toEqual(["FORBIDDEN"]);
    expect(sim.taskCalls).toHaveLength(30);
    expect(await openings("sim")).toBe(0);
  });
});

describe("bk-sops 3599999 by one task of 50", () => {
  it("49 answered, one problem; bisected, by at most 14 extra calls", async () => {
    const wanted = ids("ops:2/", 50);
    ops.set({ poisonIds: [upstreamIdOf(wanted[17] ?? "")] });

    const { lookups } = await ask(...wanted);

    expect(lookups.filter(({ task }, place) => task && task.id === wanted[place])).toHaveLength(49);
    expect(lookups[17]).toMatchObject({ task: null, problem: { code: "UPSTREAM_ERROR", upstreamCode: "3599999" } });
    expect(ops.taskCalls.length).toBeGreaterThan(1);
    expect(ops.taskCalls.length).toBeLessThanOrEqual(1 + 14);
    expect(await openings("ops")).toBe(0);
  });
});

describe('bk-sops 3599999 "iam authentication exception"', () => {
  it("FORBIDDEN for that business; no bisect, no retry", async () => {
    const { lookups } = await ask("ops:4/30004000", "ops:4/30004001", ...ids("ops:2/", 1));

    expect(lookups.map(outcome)).toEqual(["FORBIDDEN", "FORBIDDEN", "found"]);
    expect(lookups[0]?.problem?.upstreamCode).toBe("3599999");
    expect(ops.taskCalls).toHaveLength(2);
  });
});

describe("ids missing from the answer", () => {
  it("a problem on those alone", async () => {
    const [simIds, drsIds] = [ids("sim:", 20), ids("drs-prod:", 20)];
    sim.set({ dropIds: [simIds[3], simIds[11]].map((id = "") => upstreamIdOf(id)) });
    drs.set({ dropIds: [upstreamIdOf(drsIds[5] ?? "")] });

    const { lookups } = await ask(...simIds, ...drsIds);

    const failed = lookups.filter(({ problem }) => problem);
    expect(failed.map(({ requestedId }) => requestedId)).toEqual([simIds[3], simIds[11], drsIds[5]]);
    expect(failed.slice(0, 2).map(outcome)).toEqual(["NOT_RETURNED", "NOT_RETURNED"]);
    expect(lookups.filter(({ task, requestedId }) => task?.id === requestedId)).toHaveLength(37);
  });
});

describe("answer reordered, doubled, with foreign rows", () => {
  it.each([
    ["eiotclub", "sim:", { rowOrder: "shuffled" }],
    ["bk-sops", "ops:2/", { rowOrder: "ascending" }],
    ["huawei-drs", "drs-prod:", { rowOrder: "shuffled" }],
  ])("%s: the right task on each id; counted", async (provider, prefix, order) => {
    const frozen = await freezeTime();
    const wanted = idsOf(frozen, prefix, 30).toReversed();
    frozen.upstream(provider).set({ ...order, doubleRows: true, foreignRows: 3 });

    const { lookups } = await ask(...wanted);

    expect(lookups.map(toldOf)).toEqual(expectedTasks(frozen, wanted));
    expect(await metricOf(service, "batch_task_foreign_rows_total", { provider })).toBe(3);
  });
});

describe("DRS gives only five rows for twelve ids", () => {
  it("all twelve answered; pages read", async () => {
    drs.set({ pageCap: "always-five" });
    const wanted = ids("drs-prod:", 12);

    const { lookups } = await ask(...wanted);

    expect(lookups.map(({ task }) => task?.id)).toEqual(wanted);
    // What is left is asked for again, so that a page number that is not honoured does no harm.
    expect(drs.taskCalls.map(({ taskIds }) => taskIds?.length)).toEqual([12, 7, 2]);
  });
});

describe("DRS 400 whose body still holds results", () => {
  it("results used", async () => {
    drs.set({ mixedIds: "400-with-results" });
    const wanted = ids("drs-prod:", 5);
    const unknown = "drs-prod:00000000-0000-0000-0000-00000000jb21";

    const { lookups } = await ask(...wanted, unknown);

    expect(lookups.map(outcome)).toEqual([...wanted.map(() => "found"), "NOT_FOUND"]);
    expect(drs.taskCalls.map(({ status }) => status)).toEqual([400]);
  });
});

describe("second of three chunks fails", () => {
  it("chunks one and three exact", async () => {
    const frozen = await freezeTime();
    const wanted = idsOf(frozen, "sim:", 230).toSorted();
    const second = wanted.slice(77, 154);
    frozen.upstream("eiotclub").fault({ kind: "status", status: 500, whenTaskId: upstreamIdOf(second[40] ?? "") });

    const { lookups } = await ask(...wanted);

    const failed = lookups.filter(({ problem }) => problem?.code === "UPSTREAM_UNAVAILABLE");
    expect(failed.map(({ requestedId }) => requestedId)).toEqual(second);
    const others = lookups.filter(({ problem }) => !problem);
    expect(others.map(toldOf)).toEqual(expectedTasks(frozen, [...wanted.slice(0, 77), ...wanted.slice(154)]));
  });
});

describe("unknown or ill-typed status", () => {
  it("UNKNOWN, raw value shown; UPSTREAM_MALFORMED when it isn't text or number; counted, logged once an hour per value", async () => {
    const clock = movableClock();
    const wanted = ["sim:884001", "sim:884002", "sim:884003", "sim:884004", "sim:884005"];
    sim.set({
      statusOverrides: { "884001": "77", "884002": 88, "884003": { a: 1 }, "884004": true, "884005": "77" },
    });
    const logged = (): string[] =>
      service.logLines
        .map((line) => JSON.parse(line) as { msg?: string; rawStatus?: string })
        .filter(({ msg }) => msg === "a status that no table knows")
        .map(({ rawStatus = "" }) => rawStatus);

    const { lookups } = await ask(...wanted);
    clock.advance(10_000);
    await ask(...wanted);

    expect(lookups.map(({ task, problem }) => problem?.code ?? [task?.status, task?.rawStatus.value])).toEqual([
      ["UNKNOWN", "77"],
      ["UNKNOWN", "88"],
      "UPSTREAM_MALFORMED",
      "UPSTREAM_MALFORMED",
      ["UNKNOWN", "77"],
    ]);
    expect(await metricOf(service, "batch_task_unknown_status_total", { provider: "eiotclub" })).toBe(6);
    expect(logged()).toEqual(["77", "88"]);

    clock.advance(3_600_000);
    await ask(...wanted);
    expect(logged()).toEqual(["77", "88", "77", "88"]);
  });
});

describe("HTML, empty, cut or huge body", () => {
  it.each([
    ["HTML", { kind: "html", status: 200 }, 2],
    ["empty", { kind: "empty" }, 2],
    ["cut", { kind: "status", status: 200, body: simBody("2").slice(0, -5) }, 2],
    // Nobody asks for that much again.
    ["huge", { kind: "huge", bytes: 6_000_000 }, 1],
  ] as const)("%s: UPSTREAM_MALFORMED", async (_kind, fault, calls) => {
    sim.fault(fault);

    expect(outcomes(await ask(good, ...ids("ops:2/", 1)))).toEqual(["UPSTREAM_MALFORMED", "found"]);
    expect(sim.taskCalls).toHaveLength(calls);
    await expect.poll(() => sim.openCalls).toBe(0);
  });
});

describe("token expired in mid-flight", () => {
  it("answered; one refresh for all, one retry", async () => {
    const clock = movableClock();
    const wanted = ids("lark:", 10);
    await ask(...wanted);
    expect(tokenCalls()).toBe(1);
    clock.advance(600_000);
    lark.act("revokeTokens");
    lark.clearCalls();
    // All ten are under way with the old token before the first refusal comes back.
    lark.fault({ kind: "latency", ms: 200, times: 10 });

    expect(kindsOf(await ask(...wanted))).toEqual(["found"]);
    expect(tokenCalls()).toBe(1);
    expect(lark.taskCalls).toHaveLength(20);
  });
});

describe("token endpoint down", () => {
  const down = { kind: "status", status: 503, whenPath: "/open-apis/auth/" } as const;

  it("running token used", async () => {
    const clock = movableClock();
    const [id = ""] = ids("lark:", 1);
    await ask(id);
    lark.fault(down);
    // Ten minutes of the two hours are left: it is renewed in the background, in vain.
    clock.advance(110 * 60_000);

    expect(outcomes(await ask(id))).toEqual(["found"]);
    await expect.poll(tokenCalls).toBeGreaterThan(1);
    expect(outcomes(await ask(id))).toEqual(["found"]);
  });

  it("else AUTH_FAILED; the endpoint is not hammered", async () => {
    lark.fault(down);

    const first = await ask(...ids("lark:", 10));
    const asked = tokenCalls();
    const second = await ask(...ids("lark:", 10));

    expect(kindsOf(first)).toEqual(["AUTH_FAILED"]);
    expect(kindsOf(second)).toEqual(["AUTH_FAILED"]);
    expect(asked).toBeLessThanOrEqual(3);
    expect(tokenCalls()).toBe(asked);
    expect(lark.taskCalls).toHaveLength(0);
  });
});

describe("id with comma, slash, `..`, 10 kB", () => {
  it("INVALID_ID; no call", async () => {
    const accounts = ["sim:", "spark-prod:", "drs-prod:", "lark:", "ops:", "ops:2/"];
    const bad = ["1,2", "3/4", "../884213", "..", "x".repeat(10_000)];
    const scoped = new Set(["ops:3/4"]);
    const wanted = accounts
      .flatMap((account) => bad.map((rest) => `${account}${rest}`))
      .filter((id) => !scoped.has(id));

    const answer = await ask(...wanted);

    expect(answer.lookups.filter(({ problem }) => problem?.code !== "INVALID_ID")).toEqual([]);
    expect(sandbox.upstreamNames.flatMap((name) => sandbox.upstream(name).calls)).toEqual([]);
  });
});

describe("client disconnects", () => {
  it("call aborted when nobody else waits", async () => {
    sim.fault({ kind: "silence" });
    const client = new AbortController();
    const answer = fetch(service.endpoint, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: `{ batchTask(id: "${good}") { status } }` }),
      signal: client.signal,
    });
    await expect.poll(() => sim.openCalls).toBe(1);

    client.abort();

    await expect(answer).rejects.toMatchObject({ name: "AbortError" });
    // Long before the attempt's own end after three seconds.
    await expect.poll(() => sim.openCalls, { timeout: 1_500 }).toBe(0);
    expect(sim.taskCalls).toHaveLength(1);
    expect(await healthOf(service, "sim")).toBe("OK");
  });
});

describe("500 clients poll the same 20 tasks", () => {
  const clientCount = 500;

  it("all answered; about one call per partition and poll period", async () => {
    const clock = movableClock();
    const polls = [
      { wanted: await underWay(service, ids("sim:", 200), 10), upstream: sim, periodMs: 5_000 },
      { wanted: await underWay(service, ids("ops:2/", 60), 10), upstream: ops, periodMs: 10_000 },
    ];

    for (const { wanted, upstream, periodMs } of polls) {
      clock.advance(60_000);
      upstream.clearCalls();
      const clients = Array.from({ length: clientCount }, (_, index) => ({ dueAt: Date.now() + index * 10 }));
      const beganAt = Date.now();
      while (Date.now() < beganAt + 60_000) {
        const due = clients.filter(({ dueAt }) => dueAt <= Date.now());
        await Promise.all(
          due.map(async (client) => {
            const answer = await ask(...wanted);
            expect(kindsOf(answer)).toEqual(["found"]);
            client.dueAt = Date.parse(String(answer.summary.pollAfter));
          }),
        );
        clock.advance(100);
      }
      const periods = (Date.now() - beganAt) / periodMs;
      expect(upstream.taskCalls.length).toBeGreaterThan(periods / 4);
      expect(upstream.taskCalls.length).toBeLessThanOrEqual(1.2 * periods + 1);
    }
  });

  it("all at the same moment; about one call per partition and time of an answer", async () => {
    const latencyMs = 1_000;
    await restart({ limits: { deadlineMs: 15_000 } });
    for (const upstream of [sim, ops]) upstream.fault({ kind: "latency", ms: latencyMs });
    const wanted = [...ids("sim:", 10), ...ids("ops:2/", 10)];
    const beganAt = performance.now();

    const answers = await Promise.all(Array.from({ length: clientCount }, () => ask(...wanted)));

    const answerTimes = Math.ceil((performance.now() - beganAt) / latencyMs);
    for (const answer of answers) expect(kindsOf(answer)).toEqual(["found"]);
    for (const upstream of [sim, ops]) {
      expect(upstream.taskCalls.length).toBeLessThanOrEqual(answerTimes + 1);
      for (const { taskIds } of upstream.taskCalls) expect(taskIds).toHaveLength(10);
    }
  });
});

describe("provider down for ten minutes", () => {
  it("CIRCUIT_OPEN without an attempt, stale data flagged for ten minutes; probes only; other providers unaffected", async () => {
    const clock = movableClock();
    const wanted = [good, ...ids("ops:2/", 1)];
    // Known, and soon past its time.
    const [running = ""] = await underWay(service, ids("sim:", 100), 1);
    sim.fault({ kind: "reset" });
    await ask(good);
    await ask(good);
    expect(await healthOf(service, "sim")).toBe("CIRCUIT_OPEN");
    sim.clearCalls();

    const seen: string[][] = [];
    clock.advance(3_000);
    expect(outcomes(await ask(running))).toEqual(["stale, CIRCUIT_OPEN"]);
    for (let second = 0; second < 600; second += 1) {
      clock.advance(1_000);
      seen.push(outcomes(await ask(...(second % 20 === 0 ? wanted : [good]))));
    }

    // 5, 10, 20 and 40 seconds, and then every minute.
    expect(sim.taskCalls.length).toBeGreaterThanOrEqual(10);
    expect(sim.taskCalls.length).toBeLessThanOrEqual(13);
    const codes = seen.map(([code]) => code);
    expect(codes.filter((code) => code === "CIRCUIT_OPEN").length).toBeGreaterThanOrEqual(600 - 13);
    expect(codes.filter((code) => code !== "CIRCUIT_OPEN" && code !== "UPSTREAM_UNAVAILABLE")).toEqual([]);
    expect(seen.flatMap(([, other]) => other ?? [])).toEqual(Array.from({ length: 30 }, () => "found"));
    expect(await healthOf(service, "ops")).toBe("OK");
    expect(outcomes(await ask(running))).toEqual(["CIRCUIT_OPEN"]);
  });
});

describe("provider ten times slower", () => {
  it("some TIMEOUT or OVERLOADED; what waits is bounded and gone afterwards, concurrency shrinks", async () => {
    await restart({
      accounts: { sim: { maxIdsPerCall: 1, maxWaitingIds: 100, timeoutMs: 700 } },
      limits: { deadlineMs: 1_600 },
    });
    const wanted = ids("sim:", 200);
    const slowest = wanted.filter((_id, place) => place % 4 === 0);
    const limit = () => metricOf(service, "batch_task_concurrency_limit", { account: "sim" });
    sim.fault([
      { kind: "latency", ms: 500 },
      ...slowest.map((id) => ({ kind: "latency", ms: 500, whenTaskId: upstreamIdOf(id) }) as const),
    ]);
    expect(await limit()).toBe(8);

    const answer = ask(...wanted);
    await expect.poll(limit, { interval: 20, timeout: 5_000 }).toBeLessThan(8);
    const counts = Object.groupBy(outcomes(await answer), (code) => code);

    expect(Object.keys(counts).filter((code) => !["found", "TIMEOUT", "OVERLOADED"].includes(code))).toEqual([]);
    expect(counts.found?.length).toBeGreaterThan(0);
    // A hundred find no place in the line; of the others most cannot begin in a quarter of the time.
    expect(counts.OVERLOADED?.length).toBeGreaterThan(150);
    expect(sim.totals.taskCalls).toBeLessThan(100);
    await expect.poll(() => sim.openCalls).toBe(0);
    sim.fault(null);
    expect(outcomes(await ask(good))).toEqual(["found"]);
  });

  it("what finds no place in the waiting line is OVERLOADED, however fast the provider", async () => {
    await restart({ accounts: { sim: { maxIdsPerCall: 1, maxWaitingIds: 100 } } });

    const answer = await ask(...ids("sim:", 110));

    expect(outcomes(answer)).toEqual([
      ...Array.from({ length: 100 }, () => "found"),
      ...Array.from({ length: 10 }, () => "OVERLOADED"),
    ]);
  });
});

describe("SIGTERM under load", () => {
  it("answers finish or fail cleanly; ready goes false first", async () => {
    sim.fault({ kind: "latency", ms: 800 });
    lark.fault({ kind: "silence" });
    const running = await startConfigured({ server: { shutdownGraceMs: 1_500 }, accounts: sandbox.accounts() });
    onTestFinished(() => running.end());
    const post = async (id: string): Promise<unknown> => {
      const response = await fetch(`${running.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ query: `{ batchTask(id: "${id}") { id status } }` }),
      });
      const { data, errors } = (await response.json()) as {
        data?: { batchTask: { id: string } | null };
        errors?: { extensions: { code: string } }[];
      };
      return data?.batchTask?.id ?? errors?.[0]?.extensions.code;
    };
    const [quick, stuck] = [ids("sim:", 20), ids("lark:", 10)];
    let areAnswered = false;
    const answers = Promise.all([...quick, ...stuck].map(post)).finally(() => {
      areAnswered = true;
    });
    await expect
      .poll(() => [new Set(sim.taskCalls.flatMap(({ taskIds }) => taskIds ?? [])).size, lark.openCalls])
      .toEqual([20, 10]);

    running.process.kill("SIGTERM");
    await running.prints(/"msg":"draining"/);
    const ready = await fetch(`${running.url}/readyz`).then(
      ({ status }) => status,
      () => "refused",
    );

    expect(ready).not.toBe(200);
    expect(areAnswered).toBe(false);
    expect(await answers).toEqual([...quick, ...stuck.map(() => "TIMEOUT")]);
    expect(await running.exitCode).toBe(0);
    expect(running.stderr()).toBe("");
  });
});

describe("one malformed representation in `_entities`", () => {
  it("null and error at its index; the rest resolved", async () => {
    const { body } = await service.query(
      "query ($them: [_Any!]!) { _entities(representations: $them) { __typename ... on BatchTask { id status } } }",
      {
        them: [
          { __typename: "BatchTask", id: good },
          "not an object",
          ["a", "list"],
          { __typename: "Product", id: "1" },
          { __typename: "BatchTask" },
          { __typename: "BatchTask", id: 7 },
          { __typename: "DrsJob", id: good },
          { __typename: "BatchTask", id: "nobody:1" },
          { __typename: "BatchTask", id: "ops:2/39999999" },
          { __typename: "EiotclubTask", id: "sim:884001" },
        ],
      },
    );

    expect(body.data._entities.map((entity: { id: string } | null) => entity?.id ?? null)).toEqual([
      good,
      ...Array.from({ length: 8 }, () => null),
      "sim:884001",
    ]);
    expect(body.errors?.map(({ path, extensions }) => [path?.[1], extensions?.code])).toEqual([
      [1, "BAD_USER_INPUT"],
      [2, "BAD_USER_INPUT"],
      [3, "BAD_USER_INPUT"],
      [4, "BAD_USER_INPUT"],
      [5, "BAD_USER_INPUT"],
      [6, "BAD_USER_INPUT"],
      [7, "UNKNOWN_ACCOUNT"],
    ]);
  });
});

/** `secrets.test.ts` plants all configured secrets and the running tokens everywhere; this is what a client is shown instead. */
describe("secrets echoed in an upstream's error text", () => {
  it("redacted, in the answer, the logs and the metrics", async () => {
    const secret = String(sandbox.accounts().sim?.secret);
    sim.set({ refuseWith: { code: `E-${secret}`, message: `bad secret ${secret}` } });

    const { lookups } = await ask(good);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();

    expect(lookups[0]?.problem).toMatchObject({ code: "UPSTREAM_ERROR", upstreamCode: "E-[redacted]" });
    expect([JSON.stringify(lookups), metrics, ...service.logLines].filter((text) => text.includes(secret))).toEqual([]);
  });
});

describe('upstream dates as `2020-03-18 17:22:05 +0800`, "", null, 0, seconds, ms', () => {
  it("right instant or null; never 1970, never Invalid Date", async () => {
    const [jobId = "", zeroJobId = ""] = ids("spark-prod:", 2);
    const [importId = "", zeroImportId = ""] = ids("lark:", 2);
    const [textId = "", emptyId = "", nullId = ""] = ids("ops:2/", 5).slice(2);
    ops.set({
      rowPatches: {
        [upstreamIdOf(textId)]: { create_time: "2020-03-18 17:22:05 +0800" },
        [upstreamIdOf(emptyId)]: { create_time: "" },
        [upstreamIdOf(nullId)]: { create_time: null },
      },
    });
    lark.set({
      rowPatches: {
        [upstreamIdOf(importId)]: { create_time: 1_584_523_325 },
        [upstreamIdOf(zeroImportId)]: { create_time: 0 },
      },
    });
    sandbox.upstream("huawei-dli").set({
      rowPatches: {
        [upstreamIdOf(jobId)]: { create_time: 1_584_523_325_000 },
        [upstreamIdOf(zeroJobId)]: { create_time: 0 },
      },
    });

    const { body } = await service.query(
      "query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { createdAt } } } }",
      { ids: [textId, emptyId, nullId, importId, zeroImportId, jobId, zeroJobId] },
    );

    const instant = "2020-03-18T09:22:05.000Z";
    expect(body.errors).toBeUndefined();
    expect(
      body.data.batchTasks.lookups.map(({ task }: { task: { createdAt: string | null } | null }) => task?.createdAt),
    ).toEqual([instant, null, null, instant, null, instant, null]);
  });
});
