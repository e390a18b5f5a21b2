import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseFaults } from "../../src/sandbox/parse-faults.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxUpstreamControl } from "../../src/sandbox/upstream-control.ts";
import { type Answer, ask, eiotclubBody } from "./ask-upstream.ts";

let sandbox: Sandbox;
let control: SandboxUpstreamControl;

beforeEach(async () => {
  sandbox = await startSandbox();
  control = sandbox.upstream("eiotclub");
});

afterEach(() => sandbox.close());

function query(ids: readonly string[] = ["884213"], timeoutMs = 5000): Promise<Answer> {
  const body = eiotclubBody(ids, Date.now());
  return ask(`${control.url}/api/v3/task/query`, { method: "POST", body, timeoutMs });
}

describe("a fault at the socket", () => {
  it("latency delays the whole answer and leaves it intact", async () => {
    control.fault({ kind: "latency", ms: 150 });
    const begunAt = performance.now();

    const answer = await query();

    expect(performance.now() - begunAt).toBeGreaterThanOrEqual(145);
    expect(answer.json).toMatchObject({ code: "200", data: [{ id: "884213" }] });
  });

  it("status replaces the answer, with its body and headers", async () => {
    const headers = { "X-Reason": "maintenance" };
    control.fault({
      kind: "status",
      status: 503,
      body: { busy: true },
      headers,
      contentType: "application/problem+json",
    });

    const answer = await query();

    expect(answer.status).toBe(503);
    expect(answer.json).toEqual({ busy: true });
    expect(answer.headers).toMatchObject({ "x-reason": "maintenance", "content-type": "application/problem+json" });
  });

  it("throttle is 429 with Retry-After when a time is given", async () => {
    control.fault([{ kind: "throttle", retryAfterSeconds: 3, times: 1 }, { kind: "throttle" }]);

    const hinted = await query();
    const bare = await query();

    expect([hinted.status, hinted.headers["retry-after"]]).toEqual([429, "3"]);
    expect([bare.status, bare.headers["retry-after"]]).toEqual([429, undefined]);
  });

  it("html is a page under the status given", async () => {
    control.fault({ kind: "html", status: 502 });

    const answer = await query();

    expect(answer.status).toBe(502);
    expect(answer.headers["content-type"]).toMatch(/^text\/html/);
    expect(answer.text).toContain("<html>");
  });

  it("empty keeps the status and sends no byte of body", async () => {
    control.fault({ kind: "empty" });

    const answer = await query();

    expect([answer.status, answer.text, answer.headers["content-length"]]).toEqual([200, "", "0"]);
  });

  it("cut-body announces the whole length and ends after half of it", async () => {
    control.fault({ kind: "cut-body" });

    await expect(query()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(control.calls).toMatchObject([{ status: 200, fault: "cut-body" }]);
  });

  it("reset comes before any byte", async () => {
    control.fault({ kind: "reset" });

    await expect(query()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(control.calls).toMatchObject([{ status: null, fault: "reset" }]);
  });

  it("silence accepts and never answers", async () => {
    control.fault({ kind: "silence" });

    await expect(query(["884213"], 200)).rejects.toMatchObject({ name: "AbortError" });
    expect(control.calls).toMatchObject([{ status: null, fault: "silence", taskIds: ["884213"] }]);
  });

  it("silence keeps its call open until the client leaves", async () => {
    control.fault({ kind: "silence" });
    const gaveUp = query(["884213"], 400).catch(() => "gave up");

    await expect.poll(() => control.openCalls).toBe(1);
    await gaveUp;

    await expect.poll(() => control.openCalls).toBe(0);
  });

  it("drip sends the body byte by byte, whole in the end", async () => {
    control.fault({ kind: "drip", msPerByte: 2 });
    const begunAt = performance.now();

    const answer = await query();

    expect(answer.json).toMatchObject({ code: "200" });
    expect(performance.now() - begunAt).toBeGreaterThan(answer.text.length);
  });

  it("drip outlasts a client that gives up", async () => {
    control.fault({ kind: "drip", msPerByte: 1000, times: 1 });

    await expect(query(["884213"], 200)).rejects.toThrow();

    expect((await query()).status).toBe(200);
  });

  it("huge sends JSON of exactly that size without announcing it", async () => {
    control.fault({ kind: "huge", bytes: 6_000_000 });

    const answer = await query();

    expect(answer.text).toHaveLength(6_000_000);
    expect(answer.json).toBeTypeOf("object");
    expect(answer.headers["content-length"]).toBeUndefined();
  });
});

describe("which calls a fault meets", () => {
  it("latency goes together with another fault", async () => {
    control.fault([
      { kind: "latency", ms: 100 },
      { kind: "status", status: 500 },
    ]);
    const begunAt = performance.now();

    const answer = await query();

    expect(answer.status).toBe(500);
    expect(performance.now() - begunAt).toBeGreaterThanOrEqual(95);
    expect(control.calls).toMatchObject([{ fault: "latency+status", status: 500 }]);
  });

  it("skip lets calls pass first, times ends it", async () => {
    control.fault({ kind: "status", status: 500, skip: 1, times: 2 });

    const statuses = [await query(), await query(), await query(), await query()].map(({ status }) => status);

    expect(statuses).toEqual([200, 500, 500, 200]);
  });

  it("faults with times follow one another", async () => {
    control.fault([
      { kind: "status", status: 500, times: 1 },
      { kind: "status", status: 502, times: 1 },
    ]);

    const statuses = [await query(), await query(), await query()].map(({ status }) => status);

    expect(statuses).toEqual([500, 502, 200]);
  });

  it("whenTaskId meets only calls that carry the id", async () => {
    control.fault({ kind: "status", status: 500, whenTaskId: "884213" });

    const without = await query(["884001", "884002"]);
    const carrying = await query(["884001", "884213"]);

    expect([without.status, carrying.status]).toEqual([200, 500]);
  });

  it.each([
    ["by default", {}, [200, 500]],
    ["with onlyTaskCalls false", { onlyTaskCalls: false }, [500, 500]],
    ["with whenPath", { whenPath: "/open-apis/auth/" }, [500, 400]],
  ])("the token endpoint and the task call, %s", async (_, limits, expected) => {
    const feishu = sandbox.upstream("feishu-contact");
    feishu.fault({ kind: "status", status: 500, ...limits });
    const body = { app_id: "cli_sandbox_users", app_secret: "sandbox-feishu-users-secret" };

    const token = await ask(`${feishu.url}/open-apis/auth/v3/tenant_access_token/internal`, { method: "POST", body });
    const task = await ask(`${feishu.url}/open-apis/contact/v2/task/get?task_id=a`);

    expect([token.status, task.status]).toEqual(expected);
  });

  it("close ends silent, delayed and dripping calls at once", async () => {
    control.fault([
      { kind: "silence", times: 1 },
      { kind: "drip", msPerByte: 60_000, times: 1 },
      { kind: "status", status: 500 },
    ]);
    const open = [query().catch(() => "ended"), query().catch(() => "ended")];
    await expect.poll(() => control.calls.length).toBe(2);
    const begunAt = performance.now();

    await sandbox.close();

    expect(await Promise.all(open)).toEqual(["ended", "ended"]);
    expect(performance.now() - begunAt).toBeLessThan(1000);
  });
});

describe("parseFaults", () => {
  it.each([
    [{ kind: "latency" }, /latency needs ms/],
    [{ kind: "latency", ms: "5" }, /ms must be a count/],
    [{ kind: "drip", msPerByte: -1 }, /msPerByte must be a count/],
    [{ kind: "status", status: 99 }, /200 to 599/],
    [{ kind: "html", status: 200.5 }, /200 to 599/],
    [{ kind: "reset", after: 3 }, /has no field after; known: times, skip/],
    [{ kind: "status", status: 500, headers: { a: 1 } }, /headers must be/],
    [{ kind: "toString" }, /unknown fault kind/],
    ["reset", /object with a kind/],
  ])("refuses %j", (input, message) => {
    expect(() => parseFaults(input)).toThrow(message);
  });

  it("takes null as no fault and one fault as a list of one", () => {
    expect(parseFaults(null)).toEqual([]);
    expect(parseFaults({ kind: "reset", times: 2 })).toEqual([{ kind: "reset", times: 2 }]);
  });
});
