import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxUpstreamControl } from "../../src/sandbox/upstream-control.ts";
import { type Answer, ask } from "./ask-upstream.ts";

const START = Date.UTC(2026, 5, 1, 8);
const GATEWAY = "/api/bk-sops/prod/get_tasks_status";
const ESB = "/api/c/compapi/v2/sops/get_tasks_status/";
const OPS = { bk_app_code: "sandbox-ops", bk_app_secret: "sandbox-bk-sops-secret", bk_username: "admin" };
const PLAIN = { bk_app_code: "sandbox-plain", bk_app_secret: "sandbox-bk-plain-secret" };
const STRANGER = { ...OPS, bk_app_code: "sandbox-stranger", bk_app_secret: "sandbox-bk-stranger-secret" };
const SAMPLE_IDS = [30000100, 30000101, 30000105];
const SAMPLE: unknown = JSON.parse(
  readFileSync(new URL("../../src/sandbox/samples/bk-sops-tasks.json", import.meta.url), "utf8"),
);

interface Row {
  readonly id: unknown;
  readonly name: string;
  readonly status: Record<string, unknown>;
  readonly start_time: string;
  readonly finish_time: string;
  readonly is_deleted?: boolean;
}

let now: number;
let sandbox: Sandbox;
let control: SandboxUpstreamControl;

beforeEach(async () => {
  now = START;
  sandbox = await startSandbox({ now: () => now, random: () => 0.5 });
  control = sandbox.upstream("bk-sops");
});

afterEach(() => sandbox.close());

interface CallOptions {
  readonly biz?: string;
  readonly credentials?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function gateway(body: unknown, options: CallOptions = {}): Promise<Answer> {
  const { biz = "2", credentials = OPS, headers = {} } = options;
  const authorization = { "x-bkapi-authorization": JSON.stringify(credentials) };
  return ask(`${control.url}${GATEWAY}/${biz}/`, { method: "POST", headers: { ...authorization, ...headers }, body });
}

function askIds(ids: readonly unknown[], extra: object = {}, options: CallOptions = {}): Promise<Answer> {
  return gateway({ task_id_list: ids, ...extra }, options);
}

function esb(body: object): Promise<Answer> {
  return ask(`${control.url}${ESB}`, { method: "POST", body });
}

function rowsOf(answer: Answer): readonly Row[] {
  return (answer.json as { data: Row[] }).data;
}

function idsOf(answer: Answer): readonly unknown[] {
  return rowsOf(answer).map(({ id }) => id);
}

/** Numbers of tasks of a business whose row passes, smallest first. */
function heldIds(scopeKey: string, accept: (row: Row) => boolean = () => true): readonly number[] {
  return control
    .tasks()
    .filter(({ upstreamId, row }) => upstreamId.startsWith(`${scopeKey}/`) && accept(row as Row))
    .map(({ upstreamId }) => Number(upstreamId.split("/")[1]))
    .filter((id) => Number.isSafeInteger(id));
}

function withState(state: string): (row: Row) => boolean {
  return ({ status }) => status.state === state;
}

describe("an answer", () => {
  it("serves the sample unchanged for its three ids, whatever their order", async () => {
    const answer = await askIds(SAMPLE_IDS);

    expect(answer.status).toBe(200);
    expect(answer.json).toEqual(SAMPLE);
  });

  it("serves sample rows unchanged among others", async () => {
    const other = heldIds("2", withState("RUNNING")).at(-1) ?? 0;

    const answer = await askIds([30000105, other]);

    expect(rowsOf(answer).find(({ id }) => id === 30000105)).toEqual((SAMPLE as { data: Row[] }).data[0]);
    expect(answer.json).toMatchObject({ result: true, code: 0, trace_id: expect.any(String) });
    expect(answer.json).not.toHaveProperty("message");
  });

  it("has one row per id, id descending, without unknown and foreign ids", async () => {
    const [low = 0, high = 0] = heldIds("2", withState("FINISHED")).slice(3);
    const [foreign = 0] = heldIds("3");

    const answer = await askIds([low, high, low, 1, foreign]);

    expect(idsOf(answer)).toEqual([high, low]);
    expect(control.taskCalls[0]?.taskIds).toEqual([low, high, low, 1, foreign].map((id) => `2/${id}`));
  });

  it("echoes an id above 2^53 with its exact digits, asked as text or as a number", async () => {
    const asText = await askIds(["9007199254740993"]);
    const asNumber = await gateway('{"task_id_list":[9007199254740993]}');

    for (const { text } of [asText, asNumber]) expect(text).toContain('"id":9007199254740993,');
    expect(control.taskCalls.map(({ taskIds }) => taskIds)).toEqual([["2/9007199254740993"], ["2/9007199254740993"]]);
  });

  it("returns soft-deleted tasks, marked", async () => {
    const [deleted = 0] = heldIds("2", ({ is_deleted }) => is_deleted === true);

    expect(rowsOf(await askIds([deleted]))).toMatchObject([{ id: deleted, is_deleted: true }]);
  });

  it("is empty for a missing or empty list", async () => {
    expect(rowsOf(await gateway({}))).toEqual([]);
    expect(rowsOf(await askIds([]))).toEqual([]);
  });

  it("writes times with offset, empty text in the row and null inside status when unset", async () => {
    const [running = 0] = heldIds("2", (row) => row.status.state === "RUNNING" && row.name !== "task_name");

    const [row] = rowsOf(await askIds([running]));

    expect(row?.start_time).toMatch(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} \+0800$/);
    expect([row?.finish_time, row?.status.finish_time]).toEqual(["", null]);
    expect(row?.status).toHaveProperty(["root_id:"]);
    expect(row?.status).not.toHaveProperty("children");
  });

  it("knows an expired task by state and name alone", async () => {
    const [expired = 0] = heldIds("2", withState("EXPIRED"));

    const [row] = rowsOf(await askIds([expired]));

    expect(row?.status).toEqual({ state: "EXPIRED", name: row?.name });
    expect(row?.finish_time).not.toBe("");
  });

  it("sets finish_time on finish and revoke, never on failure", () => {
    const made = control.tasks().map(({ row }) => row as Row & { current_flow?: string });

    for (const { status, finish_time, current_flow } of made.filter((row) => "current_flow" in row)) {
      const isOver = ["FINISHED", "REVOKED", "EXPIRED"].includes(String(status.state));
      expect([finish_time !== "", current_flow === "finished"]).toEqual([isOver, isOver]);
    }
    expect(new Set(made.map(({ status }) => status.state))).toEqual(
      new Set(["CREATED", "RUNNING", "FAILED", "FINISHED", "REVOKED", "SUSPENDED", "NODE_SUSPENDED", "EXPIRED"]),
    );
  });

  it("repeats traceparent as trace id", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    const answer = await askIds([1], {}, { headers: { traceparent } });

    expect(answer.json).toMatchObject({ trace_id: traceparent });
    expect(answer.headers["sops-trace-id"]).toBe(traceparent);
  });
});

describe("children", () => {
  it("come inside status when asked, nested, with their parents' ids", async () => {
    const ids = heldIds("2", (row) => row.status.state === "FINISHED").slice(0, 49);

    const answer = await askIds(ids, { include_children_status: true });

    const made = rowsOf(answer).filter(({ status }) => "root_id:" in status);
    const children = made.flatMap(({ status }) => Object.values(status.children as Record<string, Row["status"]>));
    expect(made.every(({ status }) => Object.keys(status.children as object).length >= 3)).toBe(true);
    expect(children.some(({ skip }) => skip === true)).toBe(true);
    expect(children.some(({ error_ignored }) => error_ignored === true)).toBe(true);
    const parent = children.find(({ children: inner }) => Object.keys(inner as object).length > 0);
    const [inner] = Object.values(parent?.children as Record<string, Row["status"]>);
    expect(inner?.parent_id).toBe(parent?.id);
  });

  it.each([true, "true", 1])("are asked with %j", async (flag) => {
    const [id = 0] = heldIds("2", withState("FINISHED")).slice(-1);

    const [row] = rowsOf(await askIds([id], { include_children_status: flag }));

    expect(row?.status).toHaveProperty("children");
  });

  it("refuses a flag that is none, with an object for a message", async () => {
    const answer = await askIds([1], { include_children_status: "maybe" });

    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ result: false, code: 3540000, message: { include_children_status: [{}] } });
  });
});

describe("scope", () => {
  it("takes the id in the path for a business by default and for a project otherwise", async () => {
    const [inBusiness3 = 0] = heldIds("3");
    const [inProject7 = 0] = heldIds("project-7");

    const business = await askIds([inBusiness3], {}, { biz: "3" });
    const sameProject = await askIds([inBusiness3], { scope: "project" }, { biz: "2" });
    const project = await askIds([inProject7], { scope: "project" }, { biz: "7" });
    const anything = await askIds([inProject7], { scope: "whatever" }, { biz: "7" });

    for (const answer of [business, sameProject]) expect(idsOf(answer)).toEqual([inBusiness3]);
    for (const answer of [project, anything]) expect(idsOf(answer)).toEqual([inProject7]);
    expect(control.taskCalls.map(({ taskIds }) => taskIds?.[0])).toEqual([
      `3/${inBusiness3}`,
      `project-2/${inBusiness3}`,
      `project-7/${inProject7}`,
      `project-7/${inProject7}`,
    ]);
  });

  it("says 3540400 for a business or project that does not exist", async () => {
    const answer = await askIds([1], {}, { biz: "7" });

    expect(answer.json).toMatchObject({
      result: false,
      code: 3540400,
      message: "project(7) with scope(cmdb_biz) does not exist.",
    });
  });

  it("says 3599999 with the iam text for a business that the user may not view", async () => {
    const answer = await askIds([30004000], {}, { biz: "4" });

    expect(answer.json).toMatchObject({
      result: false,
      code: 3599999,
      message: "iam authentication exception, please check, action:project_view",
    });
  });

  it("has no page for a business that is not digits", async () => {
    const answer = await askIds([1], {}, { biz: "abc" });

    expect([answer.status, answer.json]).toEqual([404, undefined]);
  });
});

describe("limits and bad bodies", () => {
  it.each([
    ["50 ids", Array.from({ length: 50 }, (_, index) => index + 1), true],
    ["51 ids", Array.from({ length: 51 }, (_, index) => index + 1), false],
    ["51 times the same id", Array.from({ length: 51 }, () => 30000105), false],
  ])("%s", async (_, ids, result) => {
    const { status, json } = await askIds(ids);

    expect(status).toBe(200);
    expect(json).toMatchObject(result ? { result, code: 0 } : { result, code: 3540000, message: expect.any(String) });
  });

  it.each([
    ["a list that is none", { task_id_list: "1,2" }],
    ["a body that is no JSON", "{"],
    ["a body that is no object", "[1]"],
  ])("3540000 for %s", async (_, body) => {
    const { status, json } = await gateway(body);

    expect(status).toBe(200);
    expect(json).toMatchObject({ result: false, code: 3540000 });
  });

  it.each([
    ["a non-numeric id", { task_id_list: [30000105, "abc"] }],
    ["a null id", { task_id_list: [null] }],
    ["an empty body", ""],
  ])("HTTP 500 with a text code for %s", async (_, body) => {
    const { status, json } = await gateway(body);

    expect(status).toBe(500);
    expect(json).toMatchObject({ code: "50000" });
  });
});

describe("access through the gateway", () => {
  it.each([
    ["a header that is no JSON", { headers: { "x-bkapi-authorization": "{" } }, 400, 1640001],
    ["a wrong secret", { credentials: { ...OPS, bk_app_secret: "x" } }, 400, 1640001],
    ["an unknown application", { credentials: { ...OPS, bk_app_code: "toString" } }, 400, 1640001],
    ["no user", { credentials: { ...OPS, bk_username: undefined } }, 400, 1640001],
    [
      "a bare username of an application that is not exempt",
      { credentials: { ...PLAIN, bk_username: "a" } },
      400,
      1640001,
    ],
    ["an unknown bk_token", { credentials: { ...OPS, bk_token: "x" } }, 400, 1640001],
    ["an application without permission", { credentials: STRANGER }, 403, 1640301],
  ])("refuses %s", async (_, options, status, code) => {
    const answer = await askIds([30000105], {}, options);

    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({
      code,
      code_name: expect.any(String),
      message: expect.any(String),
      data: null,
      result: false,
    });
    expect(answer.headers["x-bkapi-error-code"]).toBe(String(code));
    expect(control.taskCalls).toHaveLength(1);
  });

  it.each([{ bk_token: "sandbox-bk-token" }, { access_token: "sandbox-bk-access-token" }])(
    "accepts %j",
    async (proof) => {
      expect((await askIds([30000105], {}, { credentials: { ...PLAIN, ...proof } })).json).toMatchObject({
        result: true,
      });
    },
  );

  it("takes credentials from the body only without the header, and not at all with legacyCredentials off", async () => {
    const url = `${control.url}${GATEWAY}/2/`;
    const body = { ...OPS, task_id_list: [30000105] };

    const inBody = await ask(url, { method: "POST", body });
    const ignored = await gateway(body, { credentials: {} });
    control.set({ legacyCredentials: false });
    const refused = await ask(url, { method: "POST", body });

    expect([inBody.status, ignored.status, refused.status]).toEqual([200, 400, 400]);
  });

  it.each([
    ["GET", `${GATEWAY}/2/`],
    ["POST", `${GATEWAY}/2`],
    ["POST", "/api/bk-sops/test/get_tasks_status/2/"],
  ])("has no route for %s %s", async (method, path) => {
    const answer = await ask(`${control.url}${path}`, { method, ...(method === "POST" ? { body: {} } : {}) });

    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ code: 1640401 });
  });

  it("sends rate headers with allowed answers", async () => {
    const { headers } = await askIds([1]);

    expect(headers).toMatchObject({
      "x-bkapi-ratelimit-limit": "5000",
      "x-bkapi-ratelimit-remaining": "4999",
      "x-bkapi-ratelimit-reset": "60",
      "x-bkapi-request-id": expect.any(String),
    });
  });

  it("says in plain text that the service itself is not to be called", async () => {
    const answer = await ask(`${control.url}/apigw/get_tasks_status/2/`, { method: "POST", body: {} });

    expect([answer.status, answer.text]).toEqual([403, "This API can only be accessed through API gateway"]);
  });
});

describe("access through ESB", () => {
  it("takes credentials and business from the body", async () => {
    const [id = 0] = heldIds("5");

    const answer = await esb({ ...PLAIN, bk_token: "sandbox-bk-token", bk_biz_id: 5, task_id_list: [id] });

    expect(idsOf(answer)).toEqual([id]);
    expect(answer.json).toMatchObject({ result: true, request_id: expect.any(String) });
    expect(control.taskCalls[0]?.taskIds).toEqual([`5/${id}`]);
    expect(answer.headers).not.toHaveProperty("x-bkapi-ratelimit-limit");
  });

  it.each([
    ["without a business", { ...OPS, task_id_list: [] }, 1306406],
    ["without a user", { ...PLAIN, bk_biz_id: 5 }, 1306401],
    ["without permission", { ...STRANGER, bk_biz_id: 5 }, 1306403],
  ])("refuses a call %s under HTTP 200", async (_, body, code) => {
    const answer = await esb(body);

    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ result: false, code, data: null, request_id: expect.any(String) });
  });

  it("does not take credentials from the gateway's header", async () => {
    const headers = { "x-bkapi-authorization": JSON.stringify(OPS) };

    const answer = await ask(`${control.url}${ESB}`, { method: "POST", headers, body: { bk_biz_id: 5 } });

    expect(answer.json).toMatchObject({ code: 1306401 });
  });
});

describe("the cache of a server process", () => {
  const elapsed = (answer: Answer): unknown => rowsOf(answer)[0]?.status.elapsed_time;
  const runningIds = (): readonly number[] => heldIds("3", withState("RUNNING")).slice(0, 2);

  it("keeps an answer for 10 s", async () => {
    const ids = runningIds();
    const first = elapsed(await askIds(ids, {}, { biz: "3" }));
    now += 9_000;
    const cached = elapsed(await askIds(ids, {}, { biz: "3" }));
    now += 1_000;
    const fresh = elapsed(await askIds(ids, {}, { biz: "3" }));

    expect(cached).toBe(first);
    expect(fresh).toBe(Number(first) + 10);
  });

  it.each([
    ["the order of the ids", (ids: readonly number[]) => askIds(ids.toReversed(), {}, { biz: "3" })],
    ["the children flag", (ids: readonly number[]) => askIds(ids, { include_children_status: true }, { biz: "3" })],
    ["the user", (ids: readonly number[]) => askIds(ids, {}, { biz: "3", credentials: { ...OPS, bk_username: "b" } })],
  ])("keeps answers apart by %s", async (_, askOther) => {
    const ids = runningIds();
    const first = elapsed(await askIds(ids, {}, { biz: "3" }));
    now += 5_000;

    expect(elapsed(await askOther(ids))).toBe(Number(first) + 5);
  });

  it("does not mind the order of the keys", async () => {
    const ids = runningIds();
    const first = elapsed(await gateway({ task_id_list: ids, scope: "cmdb_biz" }, { biz: "3" }));
    now += 5_000;

    expect(elapsed(await gateway({ scope: "cmdb_biz", task_id_list: ids }, { biz: "3" }))).toBe(first);
  });

  it("keeps failures too", async () => {
    control.set({ poisonIds: ["2/30000105"] });
    const poisoned = await askIds([30000105]);
    control.set({ poisonIds: [] });
    const cached = await askIds([30000105]);
    now += 10_000;
    const fresh = await askIds([30000105]);

    expect([poisoned, cached, fresh].map(({ json }) => (json as { code: number }).code)).toEqual([3599999, 3599999, 0]);
  });

  it("is one per process, and calls go round robin", async () => {
    control.set({ processes: 2 });
    const ids = runningIds();
    const first = elapsed(await askIds(ids, {}, { biz: "3" }));
    now += 5_000;
    const otherProcess = elapsed(await askIds(ids, {}, { biz: "3" }));
    now += 1_000;
    const backInTime = elapsed(await askIds(ids, {}, { biz: "3" }));

    expect([otherProcess, backInTime]).toEqual([Number(first) + 5, first]);
  });

  it("is emptied by clearCaches", async () => {
    const ids = runningIds();
    const first = elapsed(await askIds(ids, {}, { biz: "3" }));
    now += 5_000;
    control.act("clearCaches");

    expect(elapsed(await askIds(ids, {}, { biz: "3" }))).toBe(Number(first) + 5);
  });
});

describe("the shared object of tasks that were never started", () => {
  it("gives all of them the name of the last one, while the rows keep their own", async () => {
    const ids = heldIds("3", withState("CREATED")).slice(0, 3);

    const rows = rowsOf(await askIds(ids, {}, { biz: "3" }));

    const lastName = rows.at(-1)?.name;
    expect(rows.map(({ status }) => status.name)).toEqual([lastName, lastName, lastName]);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(3);
    expect(rows[0]?.status).toEqual({
      state: "CREATED",
      start_time: null,
      finish_time: null,
      retry: 0,
      skip: 0,
      elapsed_time: 0,
      name: lastName,
    });
  });

  it("loses its children for good once a call did not want them", async () => {
    const [first = 0, second = 0] = heldIds("3", withState("CREATED"));
    const ask1 = (id: number, flag: boolean): Promise<Answer> => {
      return askIds([id], { include_children_status: flag }, { biz: "3" });
    };

    const before = rowsOf(await ask1(first, true))[0]?.status;
    await ask1(first, false);
    const after = rowsOf(await ask1(second, true))[0]?.status;

    expect(before).toHaveProperty("children", {});
    expect(after).not.toHaveProperty("children");
  });
});

describe("a poison task", () => {
  it("fails the whole call with 3599999 and an empty object, and no call without it", async () => {
    control.set({ poisonIds: ["2/30000101"] });

    const poisoned = await askIds(SAMPLE_IDS);
    const others = await askIds([30000100, 30000105]);

    expect(poisoned.json).toMatchObject({
      result: false,
      code: 3599999,
      data: {},
      message: /^get pipeline states error/,
    });
    expect(idsOf(others)).toEqual([30000105, 30000100]);
  });

  it("has the text that is set, or ends as HTTP 500", async () => {
    control.set({ poisonIds: ["2/30000101"], poisonText: "boom" });
    const text = await askIds([30000101]);
    control.set({ poisonForm: "http-500" });
    control.act("clearCaches");
    const json500 = await askIds([30000101]);
    control.set({ http500Body: "html" });
    const html500 = await askIds([30000101]);

    expect(text.json).toMatchObject({ message: "boom" });
    expect([json500.status, json500.json]).toEqual([500, expect.objectContaining({ code: "50000" })]);
    expect([html500.status, html500.json]).toEqual([500, undefined]);
  });
});

describe("switches", () => {
  it("gatewayErrors as-200 rewrites the status and keeps the code", async () => {
    control.set({ gatewayErrors: "as-200" });

    const answer = await askIds([1], {}, { credentials: STRANGER });

    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ code: 1640301, result: false });
  });

  it.each([
    [1642903, "60"],
    [1642904, undefined],
  ])("rateLimit refuses with %i after n calls in the window, reset %s", async (rateLimitCode, reset) => {
    control.set({ rateLimit: { calls: 2, windowSeconds: 60 }, rateLimitCode });

    const answers = [await askIds([1]), await askIds([1]), await askIds([1])];
    now += 60_000;
    const later = await askIds([1]);

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers[2]?.json).toMatchObject({ code: rateLimitCode, result: false });
    expect(answers[2]?.headers["x-bkapi-ratelimit-reset"]).toBe(reset);
    expect(answers[2]?.headers).not.toHaveProperty("retry-after");
    expect(later.status).toBe(200);
  });

  it("unsetStatusTimes, idType and utcOffset change the form of rows", async () => {
    const [id = 0] = heldIds("3", withState("RUNNING"));
    control.set({ unsetStatusTimes: "empty", idType: "text", utcOffset: "-0330" });

    const [row] = rowsOf(await askIds([id], {}, { biz: "3" }));

    expect([row?.id, row?.status.finish_time]).toEqual([String(id), ""]);
    expect(row?.start_time).toMatch(/ -0330$/);
  });

  it.each([
    ["descending", [30000105, 30000101, 30000100]],
    ["ascending", [30000100, 30000101, 30000105]],
    ["request", [30000101, 30000105, 30000100]],
  ])("rowOrder %s", async (rowOrder, expected) => {
    control.set({ rowOrder });

    expect(idsOf(await askIds([30000101, 30000105, 30000100]))).toEqual(expected);
  });

  it("dropIds, foreignRows and doubleRows spoil the rows", async () => {
    control.set({ dropIds: ["2/30000100"], foreignRows: 2, doubleRows: true });

    const rows = rowsOf(await askIds([30000100, 30000105]));

    expect(rows).toHaveLength(4);
    expect(rows.slice(2).map(({ id, status }) => [id, status.state])).toEqual([
      [30000105, "FINISHED"],
      [30000105, "FAILED"],
    ]);
    expect(rows.slice(0, 2).map(({ id }) => id)).not.toContain(30000105);
  });

  it("statusOverrides, rowPatches and refuseWith change answers", async () => {
    control.set({ statusOverrides: { "2/30000105": "PONDERING" }, rowPatches: { "2/30000101": { status: null } } });
    const rows = rowsOf(await askIds([30000105, 30000101]));
    control.set({ refuseWith: { result: false, code: 3545000 } });
    const refused = await askIds([30000105]);

    expect(rows[0]?.status).toMatchObject({ state: "PONDERING", elapsed_time: 41 });
    expect(rows[1]?.status).toBeNull();
    expect(control.tasks().find(({ upstreamId }) => upstreamId === "2/30000101")?.rawStatus).toBe("undefined");
    expect(refused.json).toEqual({ result: false, code: 3545000 });
  });

  it("viewDenied hides tasks of the business from the list of readable ones", () => {
    expect(heldIds("4")).toEqual([]);
    control.set({ viewDenied: ["2"] });

    expect(heldIds("2")).toEqual([]);
    expect(heldIds("4").length).toBeGreaterThan(0);
  });
});
