import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxUpstreamControl } from "../../src/sandbox/upstream-control.ts";
import { type Answer, ask } from "./ask-upstream.ts";

const START = Date.UTC(2026, 5, 1, 8);
const MINUTE_MS = 60_000;
const SAMPLE_ID = "123456784b68a7c89abcdef092dc09ea";
const USERS = { app_id: "cli_sandbox_users", app_secret: "sandbox-feishu-users-secret" };
const DEPARTMENTS = { app_id: "cli_sandbox_departments", app_secret: "sandbox-feishu-departments-secret" };

interface TaskData {
  readonly status: number;
  readonly progress: number;
  readonly total_num: number;
  readonly success_num: number;
  readonly fail_num: number;
  readonly finish_time?: number;
  readonly task_info?: readonly Record<string, unknown>[];
}

let now: number;
let sandbox: Sandbox;
let control: SandboxUpstreamControl;

beforeEach(async () => {
  now = START;
  sandbox = await startSandbox({ now: () => now, random: () => 0.5 });
  control = sandbox.upstream("feishu-contact");
});

afterEach(() => sandbox.close());

function askToken(body: unknown = USERS, slash = ""): Promise<Answer> {
  return ask(`${control.url}/open-apis/auth/v3/tenant_access_token/internal${slash}`, { method: "POST", body });
}

async function tokenOf(application: unknown = USERS): Promise<string> {
  return ((await askToken(application)).json as { tenant_access_token: string }).tenant_access_token;
}

function askTask(query: string, token?: string): Promise<Answer> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return ask(`${control.url}/open-apis/contact/v2/task/get${query}`, { headers });
}

function codeOf(answer: Answer): unknown {
  return (answer.json as { code: unknown }).code;
}

function dataOf(row: unknown): TaskData {
  return (row as { data: TaskData }).data;
}

function sample(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../src/sandbox/samples/${name}.json`, import.meta.url), "utf8"));
}

function usersTaskWith(accept: (data: TaskData) => boolean): string {
  const found = control.tasks().find(({ account, row, upstreamId }) => {
    return account === "lark" && upstreamId !== SAMPLE_ID && accept(dataOf(row));
  });
  if (found === undefined) throw new Error("no such task in the sandbox");
  return found.upstreamId;
}

describe("the token endpoint", () => {
  it("puts the token at the top level with its seconds to live", async () => {
    const { status, json } = await askToken();

    expect(status).toBe(200);
    expect(json).toEqual({
      code: 0,
      msg: "ok",
      tenant_access_token: expect.stringMatching(/^t-[0-9a-f]+$/),
      expire: 7200,
    });
  });

  it("hands the same token out again while 30 minutes or more are left, with a smaller expire", async () => {
    const first = (await askToken()).json;
    now += 90 * MINUTE_MS;
    const again = (await askToken()).json;

    expect(again).toEqual({ ...(first as object), expire: 1800 });
  });

  it("issues a new one below 30 minutes, and both stay valid until their own end", async () => {
    const old = await tokenOf();
    now += 90 * MINUTE_MS + 1000;
    const fresh = await tokenOf();
    const bothNow = [
      codeOf(await askTask(`?task_id=${SAMPLE_ID}`, old)),
      codeOf(await askTask(`?task_id=${SAMPLE_ID}`, fresh)),
    ];
    now += 30 * MINUTE_MS;
    const bothLater = [
      codeOf(await askTask(`?task_id=${SAMPLE_ID}`, old)),
      codeOf(await askTask(`?task_id=${SAMPLE_ID}`, fresh)),
    ];

    expect(fresh).not.toBe(old);
    expect(bothNow).toEqual([0, 0]);
    expect(bothLater).toEqual([99991663, 0]);
  });

  it("gives each application its own token", async () => {
    expect(await tokenOf(USERS)).not.toBe(await tokenOf(DEPARTMENTS));
  });

  it("accepts the path with a trailing slash", async () => {
    expect(codeOf(await askToken(USERS, "/"))).toBe(0);
  });

  it.each([
    ["a wrong secret", { ...USERS, app_secret: "x" }, 10014],
    ["an unknown application", { ...USERS, app_id: "cli_x" }, 10014],
    ["a missing secret", { app_id: USERS.app_id }, 10003],
    ["a body that is no JSON", "{", 10003],
  ])("refuses %s under HTTP 200 without a token", async (_, body, code) => {
    const answer = await askToken(body);

    expect([answer.status, codeOf(answer)]).toEqual([200, code]);
    expect(answer.json).not.toHaveProperty("tenant_access_token");
  });

  it("asks for no task", async () => {
    await askToken();

    expect(control.taskCalls).toEqual([]);
  });
});

describe("the task call", () => {
  it("serves each sample unchanged, each to its own tenant under the same id", async () => {
    const users = await askTask(`?task_id=${SAMPLE_ID}`, await tokenOf(USERS));
    const departments = await askTask(`?task_id=${SAMPLE_ID}`, await tokenOf(DEPARTMENTS));

    expect(users.json).toEqual(sample("feishu-users"));
    expect(departments.json).toEqual(sample("feishu-departments"));
    expect(users.headers["x-tt-logid"]).toEqual(expect.any(String));
  });

  it.each([
    ["no Authorization", undefined, 99991661],
    ["a token without t-", "7f1bcd", 99991671],
    ["an unknown token", "t-7f1bcd", 99991663],
  ])("refuses %s", async (_, token, code) => {
    const answer = await askTask(`?task_id=${SAMPLE_ID}`, token);

    expect([answer.status, codeOf(answer)]).toEqual([400, code]);
    expect(answer.json).not.toHaveProperty("data");
  });

  it.each(["unknown", "of another tenant"])("says 900404 under HTTP 200 for a task that is %s", async (kind) => {
    const foreign = control.tasks().find(({ account, upstreamId }) => account !== "lark" && upstreamId !== SAMPLE_ID);
    const id = kind === "unknown" ? "0".repeat(32) : foreign?.upstreamId;

    const answer = await askTask(`?task_id=${id}`, await tokenOf());

    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ code: 900404, msg: "task not found (emulator)" });
  });

  it.each(["", "?task_id=", `?task_id=${SAMPLE_ID}&task_id=b`])("refuses the query %j", async (query) => {
    const answer = await askTask(query, await tokenOf());

    expect([answer.status, codeOf(answer)]).toEqual([400, 900400]);
  });

  it("takes a list of ids for one unknown id", async () => {
    expect(codeOf(await askTask(`?task_id=${SAMPLE_ID},${SAMPLE_ID}`, await tokenOf()))).toBe(900404);
  });

  it("does not require a Content-Type", async () => {
    expect(codeOf(await askTask(`?task_id=${SAMPLE_ID}`, await tokenOf()))).toBe(0);
    expect(control.taskCalls[0]?.headers).not.toHaveProperty("content-type");
  });
});

describe("the life of a task", () => {
  it("goes 0, 1 to 7, 8 and then 9 or 10, with finish_time only from the end on", () => {
    const seen = new Set<number>();
    for (let minute = 0; minute < 20 * 60; minute += 5) {
      now = START + minute * MINUTE_MS;
      for (const { row, upstreamId } of control.tasks()) {
        if (upstreamId === SAMPLE_ID) continue;
        const { status, finish_time, task_info } = dataOf(row);
        seen.add(status);
        expect(finish_time !== undefined).toBe(status >= 9);
        expect(task_info !== undefined).toBe(status === 9);
      }
    }

    expect([...seen].sort((left, right) => left - right)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("counts successes and failures as the items say", () => {
    const ended = control.tasks().map(({ row }) => dataOf(row));
    const withItems = ended.filter(({ task_info }) => task_info !== undefined);

    for (const { total_num, success_num, fail_num, task_info } of withItems) {
      const failed = task_info?.filter(({ code }) => code !== 0) ?? [];
      expect([task_info?.length, failed.length]).toEqual([success_num + fail_num, fail_num]);
      expect(task_info?.length).toBe(total_num);
      expect(failed.every((item) => !("action" in item) && !("open_id" in item))).toBe(true);
    }
    expect(Math.max(...withItems.map(({ total_num }) => total_num))).toBe(500);
    expect(withItems.some(({ fail_num, success_num }) => fail_num > 0 && success_num > 0)).toBe(true);
    expect(withItems.some(({ fail_num, success_num }) => fail_num > 0 && success_num === 0)).toBe(true);
    expect(withItems.some(({ fail_num }) => fail_num === 0)).toBe(true);
  });

  it("has a running task among the examples", () => {
    const [first] = sandbox.exampleIds.filter((id) => id.startsWith("lark:"));
    const task = control.tasks().find(({ account, upstreamId }) => `${account}:${upstreamId}` === first);

    expect(Number(task?.rawStatus)).toBeGreaterThan(0);
    expect(Number(task?.rawStatus)).toBeLessThan(8);
  });
});

describe("switches", () => {
  it.each([
    [400, 900404],
    [404, 900404],
    [200, 40400],
  ])("unknownTaskStatus %i with unknownTaskCode %i", async (unknownTaskStatus, unknownTaskCode) => {
    control.set({ unknownTaskStatus, unknownTaskCode });

    const answer = await askTask("?task_id=none", await tokenOf());

    expect([answer.status, codeOf(answer)]).toEqual([unknownTaskStatus, unknownTaskCode]);
  });

  it.each([200, 401])("tokenErrorStatus %i", async (tokenErrorStatus) => {
    control.set({ tokenErrorStatus });

    expect((await askTask(`?task_id=${SAMPLE_ID}`)).status).toBe(tokenErrorStatus);
  });

  it("wrongSecretCode 10015", async () => {
    control.set({ wrongSecretCode: 10015 });

    expect(codeOf(await askToken({ ...USERS, app_secret: "x" }))).toBe(10015);
  });

  it("scopeGranted off refuses with the missing permissions", async () => {
    control.set({ scopeGranted: false });

    const answer = await askTask(`?task_id=${SAMPLE_ID}`, await tokenOf());

    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 99991672, error: { permission_violations: [{}, {}] } });
  });

  it("rateLimit on refuses the 51st call of a second with the time to wait, per application", async () => {
    control.set({ rateLimit: "on" });
    const [users, departments] = [await tokenOf(USERS), await tokenOf(DEPARTMENTS)];
    const answers = await Promise.all(Array.from({ length: 51 }, () => askTask(`?task_id=${SAMPLE_ID}`, users)));
    const other = await askTask(`?task_id=${SAMPLE_ID}`, departments);
    now += 1000;
    const later = await askTask(`?task_id=${SAMPLE_ID}`, users);

    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(1);
    expect(codeOf(refused[0] ?? later)).toBe(99991400);
    expect(refused[0]?.headers).toMatchObject({ "x-ogw-ratelimit-limit": "50", "x-ogw-ratelimit-reset": "1" });
    expect([codeOf(other), codeOf(later)]).toEqual([0, 0]);
  });

  it("rateLimitPerMinute counts over the minute", async () => {
    control.set({ rateLimit: "on", rateLimitPerMinute: 2 });
    const token = await tokenOf();
    const codes: unknown[] = [];
    for (let call = 0; call < 3; call += 1) {
      codes.push((await askTask(`?task_id=${SAMPLE_ID}`, token)).status);
      now += 1000;
    }

    expect(codes).toEqual([200, 200, 429]);
  });

  it("rateLimitStatus 400 without rateLimitHeaders is told by the code alone", async () => {
    control.set({ rateLimit: "on", rateLimitPerSecond: 0, rateLimitStatus: 400, rateLimitHeaders: false });

    const answer = await askTask(`?task_id=${SAMPLE_ID}`, await tokenOf());

    expect([answer.status, codeOf(answer)]).toEqual([400, 99991400]);
    expect(answer.headers).not.toHaveProperty("x-ogw-ratelimit-reset");
  });

  it.each([
    [8, true],
    [10, false],
    [11, false],
    [12, false],
  ])("endStatus %i ends there, items: %s", async (endStatus, hasItems) => {
    const id = usersTaskWith(({ status }) => status === 9);
    control.set({ endStatus });

    const { status, finish_time, task_info } = dataOf((await askTask(`?task_id=${id}`, await tokenOf())).json);

    expect([status, task_info !== undefined]).toEqual([endStatus, hasItems]);
    expect(finish_time).toBeGreaterThan(0);
  });

  it("finishFieldsFrom 9 leaves a complete 8 without time and items", () => {
    const id = usersTaskWith(({ status }) => status === 9);
    control.set({ endStatus: 8, finishFieldsFrom: "9" });

    const task = control.tasks().find(({ upstreamId }) => upstreamId === id);

    expect(Object.keys(dataOf(task?.row))).not.toEqual(expect.arrayContaining(["finish_time"]));
    expect(Object.keys(dataOf(task?.row))).not.toEqual(expect.arrayContaining(["task_info"]));
  });

  it("zeroFinishTimeWhileRunning writes 0 until the end", () => {
    control.set({ zeroFinishTimeWhileRunning: true });

    const rows = control.tasks().map(({ row }) => dataOf(row));

    expect(rows.filter(({ status }) => status < 8).every(({ finish_time }) => finish_time === 0)).toBe(true);
    expect(rows.filter(({ status }) => status === 9).every(({ finish_time }) => Number(finish_time) > 0)).toBe(true);
  });

  it("tokenLifeSeconds shortens tokens, and below 30 minutes each request gets a new one", async () => {
    control.set({ tokenLifeSeconds: 60 });
    const [first, second] = [await tokenOf(), await tokenOf()];
    now += 60_000;

    expect(first).not.toBe(second);
    expect(codeOf(await askTask(`?task_id=${SAMPLE_ID}`, second))).toBe(99991663);
  });

  it("revokeTokens ends all tokens and the endpoint issues a new one", async () => {
    const old = await tokenOf();

    control.act("revokeTokens");

    expect(codeOf(await askTask(`?task_id=${SAMPLE_ID}`, old))).toBe(99991663);
    const fresh = await tokenOf();
    expect(fresh).not.toBe(old);
    expect(codeOf(await askTask(`?task_id=${SAMPLE_ID}`, fresh))).toBe(0);
  });

  it("refuseTokens refuses the very token that the endpoint hands out again", async () => {
    const token = await tokenOf();
    control.set({ refuseTokens: true });

    expect(codeOf(await askTask(`?task_id=${SAMPLE_ID}`, token))).toBe(99991663);
    expect(await tokenOf()).toBe(token);
  });

  it("statusOverrides, rowPatches and refuseWith change answers", async () => {
    const token = await tokenOf();
    control.set({ statusOverrides: { [SAMPLE_ID]: "9" }, rowPatches: { [SAMPLE_ID]: { task_id: "other" } } });
    const changed = (await askTask(`?task_id=${SAMPLE_ID}`, token)).json;
    control.set({ refuseWith: { code: 1, msg: "broken" } });
    const refused = (await askTask(`?task_id=${SAMPLE_ID}`, token)).json;

    expect(changed).toMatchObject({ code: 0, data: { status: "9", task_id: "other", type: "add_user" } });
    expect(refused).toEqual({ code: 1, msg: "broken" });
  });
});
