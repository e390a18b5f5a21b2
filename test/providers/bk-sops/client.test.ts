import { afterEach, describe, expect, it } from "vitest";
import { bkSops } from "../../../src/providers/bk-sops/index.ts";
import type { SopsTaskState } from "../../../src/providers/bk-sops/normalize.ts";
import sample from "../../../src/sandbox/samples/bk-sops-tasks.json" with { type: "json" };
import { createTestTools, failureOf, problemOf, stateOf, taskCall, testStartAt } from "../../support/client-tools.ts";
import { type Answering, type FarAnswer, startFarSide } from "../../support/far-side.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const user = { username: "admin" };

async function openAccount(answering: Answering, options: Record<string, unknown> = user) {
  const farSide = await startFarSide(answering);
  const tools = createTestTools();
  cleanups.push(tools.close, farSide.close);
  const account = bkSops.accountSchema.parse({
    provider: "bk-sops",
    baseUrl: farSide.baseUrl,
    appCode: "batchtask",
    appSecret: "s3cret",
    ...options,
  });
  return { asked: farSide.asked, tools, client: bkSops.createClient(account, tools) };
}

const success = (data: unknown): FarAnswer => ({ body: { result: true, code: 0, data, trace_id: "t-1" } });
const call = (ids: readonly string[], rest = {}) => taskCall(ids, { scope: "2", ...rest });

describe("bk-sops call", () => {
  it("of the gateway form carries its credentials in the header alone", async () => {
    const { asked, client } = await openAccount(() => success([]));

    await client.fetchTasks(call(["30000105"]));

    const { method, path, headers, body } = asked[0] ?? {};
    expect(`${method} ${path}`).toBe("POST /get_tasks_status/2/");
    expect(headers?.["content-type"]).toBe("application/json");
    expect(JSON.parse(String(headers?.["x-bkapi-authorization"]))).toEqual({
      bk_app_code: "batchtask",
      bk_app_secret: "s3cret",
      bk_username: "admin",
    });
    expect(JSON.parse(body ?? "")).toEqual({
      task_id_list: [30000105],
      scope: "cmdb_biz",
      include_children_status: false,
    });
  });

  it("of the ESB form carries its credentials and the business in the body alone", async () => {
    const { asked, client } = await openAccount(() => success([]), { style: "esb", bkToken: "tok" });

    await client.fetchTasks(call(["1"], { scope: "project-7" }));

    const { method, path, headers, body } = asked[0] ?? {};
    expect(`${method} ${path}`).toBe("POST /api/c/compapi/v2/sops/get_tasks_status/");
    expect(headers).not.toHaveProperty("x-bkapi-authorization");
    expect(JSON.parse(body ?? "")).toEqual({
      bk_app_code: "batchtask",
      bk_app_secret: "s3cret",
      bk_token: "tok",
      bk_biz_id: 7,
      task_id_list: [1],
      scope: "project",
      include_children_status: false,
    });
  });

  it.each([
    [{ username: "管理员" }, { bk_username: "管理员" }],
    [{ accessToken: "at" }, { access_token: "at" }],
    [{ bkToken: "bt" }, { bk_token: "bt" }],
  ])("names the user of %j", async (options, fields) => {
    const { asked, client } = await openAccount(() => success([]), options);

    await client.fetchTasks(call(["1"]));

    expect(JSON.parse(String(asked[0]?.headers["x-bkapi-authorization"]))).toEqual({
      bk_app_code: "batchtask",
      bk_app_secret: "s3cret",
      ...fields,
    });
  });

  it("puts a project into the path and says that it is one", async () => {
    const { asked, client } = await openAccount(() => success([]));

    await client.fetchTasks(call(["1"], { scope: "project-7" }));

    expect(asked[0]?.path).toBe("/get_tasks_status/7/");
    expect(asked[0]?.body).toContain('"scope":"project"');
  });

  it("sends ids ascending, as numbers where no digit is lost", async () => {
    const { asked, client } = await openAccount(() => success([]));

    await client.fetchTasks(call(["9223372036854775807", "10", "9", "9007199254740992", "9007199254740991"]));

    expect(asked[0]?.body).toContain('"task_id_list":[9,10,9007199254740991,"9007199254740992","9223372036854775807"]');
  });

  it("asks for children only when they were selected", async () => {
    const { asked, client } = await openAccount(() => success([]));

    await client.fetchTasks(call(["1"], { facets: new Set(["children"]) }));

    expect(asked[0]?.body).toContain('"include_children_status":true');
  });

  it("for a known culprit is not repeated: the repeats belong to the others", async () => {
    const { asked, client } = await openAccount(() => ({ status: 500, body: "<h1>Server Error (500)</h1>" }));

    const answer = await client.fetchTasks({ ...call(["30000105"]), isSuspect: true });

    expect(answer).toMatchObject({ kind: "failed", divisible: true, problem: { code: "UPSTREAM_UNAVAILABLE" } });
    expect(asked).toHaveLength(1);
  });
});

describe("bk-sops answer", () => {
  it("of the vendor's sample is read in full", async () => {
    const { client } = await openAccount(() => ({ body: sample }));

    const answer = await client.fetchTasks(call(["30000100", "30000101", "30000105"]));

    expect(stateOf<SopsTaskState>(answer, "30000105")).toMatchObject({
      status: "SUCCEEDED",
      isTerminal: true,
      name: "task test tree",
      createdAt: Date.parse("2020-03-18T09:21:24Z"),
      startedAt: Date.parse("2020-03-18T09:22:04Z"),
      finishedAt: Date.parse("2020-03-18T09:22:46Z"),
      elapsedSeconds: 41,
      webUrl: null,
      businessId: "2",
      scope: "CMDB_BIZ",
      nodes: null,
      hasIgnoredErrors: null,
      rootNode: {
        nodeId: "n580c9bf42a93bfc9a6cfe309bb3b418",
        parentNodeId: null,
        depth: 0,
        loopCount: 1,
        version: null,
      },
    });
    expect(stateOf(answer, "30000101")).toMatchObject({ status: "FAILED", isTerminal: false, finishedAt: null });
    expect(stateOf(answer, "30000100")).toMatchObject({ status: "RUNNING", elapsedSeconds: 1381417 });
    expect(answer).toMatchObject({ foreignRows: 0, observedAt: testStartAt });
  });

  it("is assigned by exact digits: numbers, texts, repeats and foreign rows make no difference", async () => {
    const row = (id: string, name: string) => `{"id":${id},"name":"${name}","status":{"state":"RUNNING"}}`;
    const rows = [
      row("9007199254740993", "big"),
      row('"12"', "text"),
      row("12", "second"),
      row("7", "number"),
      row("99", "foreign"),
    ];
    const { client } = await openAccount(() => ({ body: `{"result":true,"code":0,"data":[${rows}]}` }));

    const answer = await client.fetchTasks(call(["7", "12", "9007199254740992", "9007199254740993"]));

    expect(stateOf(answer, "7").name).toBe("number");
    expect(stateOf(answer, "12").name).toBe("text");
    expect(stateOf(answer, "9007199254740993").name).toBe("big");
    expect(problemOf(answer, "9007199254740992").code).toBe("NOT_FOUND");
    expect(answer).toMatchObject({ foreignRows: 1 });
  });

  it("that leaves an id out knows no such task", async () => {
    const { client } = await openAccount(() => success([]));

    const problem = problemOf(await client.fetchTasks(call(["1"])), "1");

    expect(problem).toMatchObject({ code: "NOT_FOUND", retryable: false, upstreamRequestId: "t-1" });
  });

  it.each([[undefined], [null], [5], [""], [" "], [{}], [true]])(
    "with state %j is a problem of its id",
    async (state) => {
      const { client } = await openAccount(() =>
        success([
          { id: 1, status: { state } },
          { id: 2, status: { state: "READY" } },
        ]),
      );

      const answer = await client.fetchTasks(call(["1", "2"]));

      expect(problemOf(answer, "1").code).toBe("UPSTREAM_MALFORMED");
      expect(stateOf(answer, "2").status).toBe("PENDING");
    },
  );

  it.each([[undefined], [null], ["RUNNING"], [[]]])("with status %j is a problem of its id", async (status) => {
    const { client } = await openAccount(() => success([{ id: 1, status }]));

    expect(problemOf(await client.fetchTasks(call(["1"])), "1").code).toBe("UPSTREAM_MALFORMED");
  });

  it("holds a tree of 2000 nodes on 12 levels when children are asked for", async () => {
    const rows = [{ id: 1, name: "tree", status: { id: "root", state: "RUNNING", children: tree(12, 2000) } }];
    const { client } = await openAccount(() => success(rows));

    const answer = await client.fetchTasks(call(["1"], { facets: new Set(["children"]) }));

    const { nodes } = stateOf<SopsTaskState>(answer, "1");
    expect(nodes).toHaveLength(2000);
    expect(Math.max(...(nodes ?? []).map(({ depth }) => depth))).toBe(12);
  });

  it("of an unstarted task with a stranger's name carries its own", async () => {
    const status = {
      state: "CREATED",
      start_time: null,
      finish_time: null,
      retry: 0,
      skip: 0,
      elapsed_time: 0,
      name: "B",
    };
    const times = { create_time: "2020-03-18 17:21:24 +0800", start_time: "", finish_time: "" };
    const { client } = await openAccount(() => success([{ id: 1, name: "A", status, ...times }]));

    const state = stateOf<SopsTaskState>(await client.fetchTasks(call(["1"])), "1");

    expect(state).toMatchObject({ name: "A", status: "PENDING", startedAt: null, finishedAt: null });
    expect(state.rootNode).toMatchObject({ name: "A", nodeId: null, skipped: false });
  });
});

/** That many levels, the rest of the nodes beside the first one. */
function tree(levels: number, count: number): Record<string, unknown> {
  let children: Record<string, unknown> = {};
  for (let level = levels; level >= 1; level -= 1) children = { [`l${level}`]: { state: "RUNNING", children } };
  for (let index = levels; index < count; index += 1) children[`w${index}`] = { state: "FINISHED" };
  return children;
}

const failing = (code: unknown, message?: unknown, data: unknown = {}): FarAnswer => ({
  body: { result: false, code, message, data, trace_id: "t-2" },
});
const gateway = (status: number, code: number): FarAnswer => ({
  status,
  body: { code, code_name: "NAME", message: "text", data: null, result: false },
});
const html = "<!doctype html><h1>Server Error (500)</h1>";

type Row = [
  title: string,
  answer: FarAnswer | "reset",
  code: string,
  retryable: boolean,
  calls: number,
  divisible: boolean,
];

describe("bk-sops refusal", () => {
  it.each<Row>([
    [
      "3599999 of IAM",
      failing(3599999, "iam authentication exception, please check, action:project_view"),
      "FORBIDDEN",
      false,
      1,
      false,
    ],
    ["3599999 otherwise", failing(3599999, "get pipeline states error: boom"), "UPSTREAM_ERROR", true, 1, true],
    ["3599999 without data", { body: { result: false, code: 3599999 } }, "UPSTREAM_ERROR", true, 1, true],
    [
      "3599999 with an object for a text",
      failing("3599999", { iam: ["authentication exception"] }),
      "UPSTREAM_ERROR",
      true,
      1,
      true,
    ],
    ["3540000 without a user", failing(3540000, "username cannot be empty, make sure"), "AUTH_FAILED", false, 1, false],
    [
      "3540000 otherwise",
      failing(3540000, { include_children_status: ["invalid"] }),
      "UPSTREAM_ERROR",
      false,
      1,
      false,
    ],
    ["3540100", failing(3540100), "FORBIDDEN", false, 1, false],
    ["3540400", failing(3540400, "project(9) with scope(cmdb_biz) does not exist."), "NOT_FOUND", false, 1, false],
    ["a code that every object has", failing("constructor"), "UPSTREAM_ERROR", false, 1, false],
    ["the code __proto__", failing("__proto__"), "UPSTREAM_ERROR", false, 1, false],
    ["3545000", failing(3545000), "UPSTREAM_ERROR", false, 1, false],
    ["3546100", failing(3546100), "UPSTREAM_ERROR", false, 1, false],
    ["3545100", failing(3545100), "UPSTREAM_ERROR", true, 1, false],
    ["3555000", failing(3555000), "UPSTREAM_ERROR", true, 1, false],
    [
      "403 in plain text",
      { status: 403, body: "This API can only be accessed through API gateway" },
      "FORBIDDEN",
      false,
      1,
      false,
    ],
    [
      '500 with "50000"',
      { status: 500, body: { result: false, code: "50000" } },
      "UPSTREAM_UNAVAILABLE",
      true,
      3,
      true,
    ],
    ['"50000" under 200', failing("50000", null, null), "UPSTREAM_UNAVAILABLE", true, 3, true],
    ["500 with HTML", { status: 500, body: html }, "UPSTREAM_UNAVAILABLE", true, 3, true],
    ["500 with nothing", { status: 500 }, "UPSTREAM_UNAVAILABLE", true, 3, true],
    ["400 1640001", gateway(400, 1640001), "AUTH_FAILED", false, 1, false],
    ["200 1640001", gateway(200, 1640001), "AUTH_FAILED", false, 1, false],
    ["1640004", gateway(400, 1640004), "AUTH_FAILED", false, 1, false],
    ["1640100", gateway(401, 1640100), "AUTH_FAILED", false, 1, false],
    ["1640101", gateway(401, 1640101), "AUTH_FAILED", false, 1, false],
    ["1640102", gateway(401, 1640102), "AUTH_FAILED", false, 1, false],
    ["1640301", gateway(403, 1640301), "FORBIDDEN", false, 1, false],
    ["1640302", gateway(403, 1640302), "FORBIDDEN", false, 1, false],
    ["1640303", gateway(403, 1640303), "FORBIDDEN", false, 1, false],
    ["1640304", gateway(200, 1640304), "FORBIDDEN", false, 1, false],
    ["1640401", gateway(404, 1640401), "UPSTREAM_ERROR", false, 1, false],
    ["1641301", gateway(413, 1641301), "UPSTREAM_ERROR", false, 1, false],
    ["1641401", gateway(414, 1641401), "UPSTREAM_ERROR", false, 1, false],
    ["1650801", gateway(508, 1650801), "UPSTREAM_ERROR", false, 1, false],
    ["404 without a code", { status: 404, body: html }, "UPSTREAM_ERROR", false, 1, false],
    ["1642901", gateway(429, 1642901), "RATE_LIMITED", true, 1, false],
    ["1642902", gateway(429, 1642902), "RATE_LIMITED", true, 1, false],
    ["1642903 under 200", gateway(200, 1642903), "RATE_LIMITED", true, 1, false],
    ["1642904", gateway(429, 1642904), "RATE_LIMITED", true, 1, false],
    ["429 without a code", { status: 429 }, "RATE_LIMITED", true, 1, false],
    ["1650000", gateway(500, 1650000), "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["1650001", gateway(500, 1650001), "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["1650002", gateway(500, 1650002), "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["1650200", gateway(502, 1650200), "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["1650201", gateway(502, 1650201), "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["1650300 under 200", gateway(200, 1650300), "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["502 without a code", { status: 502, body: html }, "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["1650401", gateway(504, 1650401), "TIMEOUT", true, 3, false],
    ["504 without a code", { status: 504 }, "TIMEOUT", true, 3, false],
    ["1306401", failing(1306401), "AUTH_FAILED", false, 1, false],
    ["1306408", failing(1306408), "AUTH_FAILED", false, 1, false],
    ["1306402", failing(1306402), "FORBIDDEN", false, 1, false],
    ["1306403", failing(1306403), "FORBIDDEN", false, 1, false],
    ["1306404", failing(1306404), "UPSTREAM_ERROR", false, 1, false],
    ["1306405", failing(1306405), "UPSTREAM_ERROR", false, 1, false],
    ["1306406", failing(1306406), "UPSTREAM_ERROR", false, 1, false],
    ["1306429", failing(1306429), "RATE_LIMITED", true, 1, false],
    ["1306000", failing(1306000), "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["1306201", failing(1306201), "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["1306203", failing(1306203), "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["1306206", failing(1306206), "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["1306208", failing(1306208), "UPSTREAM_MALFORMED", true, 2, false],
    ["an unlisted code", failing(3500001), "UPSTREAM_ERROR", false, 1, false],
    ["an unlisted code under 503", gateway(503, 77), "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["result false and no code", { body: { result: false } }, "UPSTREAM_ERROR", false, 1, false],
    [
      "result that is no boolean",
      { body: { result: "true", code: 0, data: [] } },
      "UPSTREAM_MALFORMED",
      true,
      2,
      false,
    ],
    ["data that is no list", success({}), "UPSTREAM_MALFORMED", true, 2, false],
    ["no data", success(null), "UPSTREAM_MALFORMED", true, 2, false],
    ["no JSON under 200", { body: html }, "UPSTREAM_MALFORMED", true, 2, false],
    ["a cut connection", "reset", "UPSTREAM_UNAVAILABLE", true, 3, false],
  ])(
    "%s is told by code, retryable, calls made and divisible",
    async (_title, answer, code, retryable, calls, divisible) => {
      const { asked, client } = await openAccount(() => answer);

      const failed = failureOf(await client.fetchTasks(call(["1", "2"])));

      expect(failed).toMatchObject({ problem: { code, retryable }, divisible });
      expect(asked).toHaveLength(calls);
    },
  );

  it.each([3599999, 3545100, 3555000])("%i is not worth asking again for 10 s", async (code) => {
    const { client } = await openAccount(() => failing(code));

    const { problem } = failureOf(await client.fetchTasks(call(["1"])));

    expect(problem.retryAfterAt).toBe(testStartAt + 10_000);
  });

  it("waits as long as the gateway says, except for too many calls at once", async () => {
    const headers = { "x-bkapi-ratelimit-reset": "25" };
    const perWindow = await openAccount(() => ({ ...gateway(429, 1642902), headers }));
    const atOnce = await openAccount(() => ({ ...gateway(429, 1642904), headers }));

    const window = failureOf(
      await perWindow.client.fetchTasks(taskCall(["1"], { scope: "2" }, { deadlineAt: testStartAt + 8_000 })),
    );
    const concurrency = failureOf(await atOnce.client.fetchTasks(call(["1"])));

    expect(window.problem.retryAfterAt).toBe(testStartAt + 25_000);
    expect(perWindow.asked).toHaveLength(1);
    expect(concurrency.problem.retryAfterAt).toBe(testStartAt + 1_000);
  });

  it.each<[string, FarAnswer, string]>([
    ["trace_id", { body: { result: false, code: 1, trace_id: "a" }, headers: { "sops-trace-id": "b" } }, "a"],
    ["Sops-Trace-Id", { status: 500, headers: { "sops-trace-id": "b", "x-bkapi-request-id": "c" } }, "b"],
    ["X-Bkapi-Request-ID", { ...gateway(403, 1640301), headers: { "x-bkapi-request-id": "c" } }, "c"],
    ["request_id", { body: { result: false, code: 1306402, request_id: "d" } }, "d"],
  ])("names its correlation id by %s", async (_title, answer, requestId) => {
    const { client } = await openAccount(() => answer);

    expect(failureOf(await client.fetchTasks(call(["1"]))).problem.upstreamRequestId).toBe(requestId);
  });

  it("repeats nothing that the upstream said", async () => {
    const { client } = await openAccount(() => failing(3540000, "app secret s3cret of admin refused"));

    const { problem } = failureOf(await client.fetchTasks(call(["1"])));

    expect(problem).toMatchObject({ upstreamCode: "3540000", message: expect.not.stringMatching(/s3cret|admin/) });
  });
});

describe("bk-sops task id", () => {
  it.each([
    ["2/30000105", "2", "30000105"],
    ["project-7/30000105", "project-7", "30000105"],
    ["9223372036854775807/9223372036854775807", "9223372036854775807", "9223372036854775807"],
  ])("%s is of scope %s", (upstreamId, scope, localId) => {
    expect(bkSops.parseUpstreamId(upstreamId)).toEqual({ upstreamId, scope, localId });
  });

  it.each([
    "",
    "30000105",
    "2/",
    "/1",
    "0/1",
    "2/0",
    "02/1",
    "2/01",
    "2/1/3",
    "2/-1",
    "2/1.5",
    "2/1e3",
    " 2/1",
    "2/1\n",
    "project-/1",
    "project-0/1",
    "Project-7/1",
    "../1",
    "2/12345678901234567890",
    "2/１",
  ])("%j is refused", (text) => {
    expect(bkSops.parseUpstreamId(text)).toBeNull();
  });
});

describe("bk-sops account", () => {
  const account = { provider: "bk-sops", baseUrl: "https://bkapi.example.com/", appCode: "a", appSecret: "s" };

  it.each([[{ username: "u" }], [{ accessToken: "t" }], [{ bkToken: "t" }]])("has one user: %j", (options) => {
    expect(bkSops.accountSchema.parse({ ...account, ...options })).toMatchObject({ style: "gateway" });
  });

  it.each([
    [{}],
    [{ username: "u", bkToken: "t" }],
    [{ username: "u", accessToken: "t", bkToken: "t" }],
    [{ username: "" }],
    [{ username: "u", style: "soap" }],
    [{ username: "u", userName: "u" }],
  ])("is refused with %j", (options) => {
    expect(bkSops.accountSchema.safeParse({ ...account, ...options }).success).toBe(false);
  });

  it("tells a missing user together with all other problems", () => {
    const { error } = bkSops.accountSchema.safeParse({ ...account, appCode: "", style: "soap", apCode: "x" });

    expect(error?.issues.map(({ path, code }) => [path.join("."), code]).toSorted()).toEqual([
      ["", "custom"],
      ["", "unrecognized_keys"],
      ["appCode", "too_small"],
      ["style", "invalid_value"],
    ]);
  });

  it.each([[null], ["text"], [[]]])("is refused as a whole when it is %j", (value) => {
    const { error } = bkSops.accountSchema.safeParse(value);

    expect(error?.issues).toHaveLength(1);
  });
});
