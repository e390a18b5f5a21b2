import { afterEach, describe, expect, it } from "vitest";
import { feishuContact } from "../../../src/providers/feishu-contact/index.ts";
import type { FeishuContactTaskState } from "../../../src/providers/feishu-contact/normalize.ts";
import users from "../../../src/sandbox/samples/feishu-users.json" with { type: "json" };
import { failureOf, problemOf, stateOf, taskCall, testStartAt } from "../../support/client-tools.ts";
import type { FarAnswer } from "../../support/far-side.ts";
import { type FeishuFarSideOptions, openFeishu, taskAnswer } from "./feishu-far-side.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function open(options: FeishuFarSideOptions = {}) {
  const feishu = await openFeishu(options);
  cleanups.push(feishu.close);
  return feishu;
}

const sampleId = "123456784b68a7c89abcdef092dc09ea";

describe("feishu-contact call", () => {
  it("asks for one task with the tenant's token", async () => {
    const { client, taskCalls } = await open();

    await client.fetchTasks(taskCall([sampleId]));

    expect(taskCalls()).toHaveLength(1);
    expect(taskCalls()[0]).toMatchObject({
      method: "GET",
      path: `/open-apis/contact/v2/task/get?task_id=${sampleId}`,
      headers: { authorization: "Bearer t-1", "content-type": "application/json; charset=utf-8" },
      body: "",
    });
  });
});

describe("feishu-contact answer", () => {
  it("of the vendor's sample is read in full, items only when they were selected", async () => {
    const { client } = await open({ task: () => ({ body: users }) });

    const plain = await client.fetchTasks(taskCall([sampleId]));
    const full = await client.fetchTasks(taskCall([sampleId], { facets: new Set(["items"]) }));

    expect(stateOf<FeishuContactTaskState>(plain, sampleId)).toMatchObject({
      status: "PARTIALLY_SUCCEEDED",
      isTerminal: true,
      rawStatus: { value: "8", inferred: true },
      createdAt: Date.parse("2019-08-15T14:15:19Z"),
      finishedAt: Date.parse("2019-08-15T14:15:23Z"),
      progress: { percent: 100, total: 2, succeeded: 1, failed: 1 },
      kind: "ADD_USER",
      items: null,
    });
    expect(JSON.stringify(plain.kind === "answered" && [...plain.answers])).not.toMatch(/13000000001|custom_1/);
    expect(stateOf<FeishuContactTaskState>(full, sampleId).items).toHaveLength(2);
    expect(full).toMatchObject({ foreignRows: 0, observedAt: testStartAt });
  });

  it("has no items until the provider gives them", async () => {
    const { client } = await open({ task: () => taskAnswer({ status: 3, type: "add_user" }) });

    const answer = await client.fetchTasks(taskCall(["a"], { facets: new Set(["items"]) }));

    expect(stateOf<FeishuContactTaskState>(answer, "a").items).toBeNull();
  });

  it("never shows a running task going backwards", async () => {
    const figures = [40, 30, 60];
    const { client } = await open({ task: () => taskAnswer({ status: 3, progress: figures.shift() }) });

    const shown: unknown[] = [];
    for (let call = 0; call < 3; call += 1) {
      shown.push(stateOf(await client.fetchTasks(taskCall(["a"])), "a").progress?.percent);
    }

    expect(shown).toEqual([40, 40, 60]);
  });

  it.each<[string, FarAnswer]>([
    ["without the task's id", taskAnswer({ status: 1 })],
    ["with code as text", { body: { code: "0", data: { task_id: "a", status: "1" } } }],
    ["with the task's id", taskAnswer({ task_id: "a", status: 1 })],
  ])("%s is accepted", async (_title, answer) => {
    const { client } = await open({ task: () => answer });

    expect(stateOf(await client.fetchTasks(taskCall(["a"])), "a").status).toBe("RUNNING");
  });
});

const html = "<html>nginx</html>";
const refusing = (status: number, code: unknown): FarAnswer => ({ status, body: { code, msg: "text", data: {} } });

type Row = [title: string, answer: FarAnswer | "reset", code: string, retryable: boolean, calls: number];

describe("feishu-contact refusal", () => {
  it.each<Row>([
    ["99991663", refusing(400, 99991663), "AUTH_FAILED", false, 2],
    ["99991664", refusing(200, 99991664), "AUTH_FAILED", false, 2],
    ["99991671", refusing(401, "99991671"), "AUTH_FAILED", false, 2],
    ["99991661", refusing(400, 99991661), "AUTH_FAILED", false, 1],
    ["99991665", refusing(200, 99991665), "AUTH_FAILED", false, 1],
    ["99991666", refusing(200, 99991666), "AUTH_FAILED", false, 1],
    ["99991668", refusing(200, 99991668), "AUTH_FAILED", false, 1],
    ["99991677", refusing(200, 99991677), "AUTH_FAILED", false, 1],
    ["99991543", refusing(200, 99991543), "AUTH_FAILED", false, 1],
    ["99991672", refusing(400, 99991672), "FORBIDDEN", false, 1],
    ["99991676", refusing(403, 99991676), "FORBIDDEN", false, 1],
    ["99991673", refusing(200, 99991673), "FORBIDDEN", false, 1],
    ["99991662", refusing(200, 99991662), "FORBIDDEN", false, 1],
    ["99991400 under 429", refusing(429, 99991400), "RATE_LIMITED", true, 1],
    ["99991400 under 400", refusing(400, 99991400), "RATE_LIMITED", true, 1],
    ["any other code", refusing(200, 900404), "UPSTREAM_ERROR", false, 1],
    ["a code of the items", refusing(200, 40013), "UPSTREAM_ERROR", false, 1],
    ["a code of the token endpoint", refusing(200, 10014), "UPSTREAM_ERROR", false, 1],
    ["a code that every object has", refusing(200, "constructor"), "UPSTREAM_ERROR", false, 1],
    ["any other code under 403", refusing(403, 1), "UPSTREAM_ERROR", false, 1],
    ["any other code under 500", refusing(500, 1), "UPSTREAM_UNAVAILABLE", true, 3],
    ["a listed code under 500", refusing(500, 99991672), "FORBIDDEN", false, 1],
    ["401 without JSON", { status: 401, body: html }, "AUTH_FAILED", false, 1],
    ["403 without JSON", { status: 403, body: html }, "FORBIDDEN", false, 1],
    ["404 without JSON", { status: 404, body: html }, "UPSTREAM_ERROR", false, 1],
    ["429 without JSON", { status: 429 }, "RATE_LIMITED", true, 1],
    ["504 without JSON", { status: 504, body: html }, "TIMEOUT", true, 3],
    ["408 without JSON", { status: 408 }, "TIMEOUT", true, 3],
    ["502 without JSON", { status: 502, body: html }, "UPSTREAM_UNAVAILABLE", true, 3],
    ["no answer", "reset", "UPSTREAM_UNAVAILABLE", true, 3],
    ["200 without JSON", { body: html }, "UPSTREAM_MALFORMED", true, 2],
    ["200 with nothing", {}, "UPSTREAM_MALFORMED", true, 2],
    ["200 without a code", { body: { data: { status: 1 } } }, "UPSTREAM_MALFORMED", true, 2],
    ["code 0 without data", { body: { code: 0 } }, "UPSTREAM_MALFORMED", true, 2],
    ["code 0 with a list", { body: { code: 0, data: [] } }, "UPSTREAM_MALFORMED", true, 2],
    ["code 0 without a status", taskAnswer({ type: "add_user" }), "UPSTREAM_MALFORMED", true, 2],
    ["a status that is an object", taskAnswer({ status: {} }), "UPSTREAM_MALFORMED", true, 2],
    ["a status that is blank", taskAnswer({ status: " " }), "UPSTREAM_MALFORMED", true, 2],
    ["the id of another task", taskAnswer({ task_id: "b", status: 1 }), "UPSTREAM_MALFORMED", true, 2],
  ])(
    "%s is told by code, retryable and calls made; one id is never divided",
    async (_title, answer, code, retryable, calls) => {
      const { client, taskCalls } = await open({ task: () => answer });

      const failed = failureOf(await client.fetchTasks(taskCall(["a"])));

      expect(failed).toMatchObject({ problem: { code, retryable }, divisible: false });
      expect(taskCalls()).toHaveLength(calls);
    },
  );

  it("is NOT_FOUND for the codes that the account names", async () => {
    const { client } = await open({ task: () => refusing(200, 900404), account: { notFoundCodes: [900404] } });

    const problem = problemOf(await client.fetchTasks(taskCall(["a"])), "a");

    expect(problem).toMatchObject({ code: "NOT_FOUND", retryable: false, upstreamCode: "900404" });
  });

  it.each([429, 400])("under %i waits as long as the gateway says", async (status) => {
    const headers = { "x-ogw-ratelimit-reset": "42" };
    const { client, taskCalls } = await open({ task: () => ({ ...refusing(status, 99991400), headers }) });

    const { problem } = failureOf(await client.fetchTasks(taskCall(["a"], {}, { deadlineAt: testStartAt + 8_000 })));

    expect(problem).toMatchObject({ code: "RATE_LIMITED", retryAfterAt: testStartAt + 42_000 });
    expect(taskCalls()).toHaveLength(1);
  });

  it.each<[string, FarAnswer, string]>([
    ["X-Tt-Logid", { ...refusing(200, 1), headers: { "x-tt-logid": "a", "x-request-id": "b" } }, "a"],
    ["X-Request-Id", { status: 502, headers: { "x-request-id": "b" } }, "b"],
    ["error.log_id", { body: { code: 1, error: { log_id: "c" } } }, "c"],
  ])("names its correlation id by %s", async (_title, answer, requestId) => {
    const { client } = await open({ task: () => answer });

    expect(failureOf(await client.fetchTasks(taskCall(["a"]))).problem.upstreamRequestId).toBe(requestId);
  });

  it("repeats nothing that the upstream said", async () => {
    const { client } = await open({ task: () => ({ body: { code: 5, msg: "user 13000000001 of s3cret" } }) });

    const { problem } = failureOf(await client.fetchTasks(taskCall(["a"])));

    expect(problem).toMatchObject({ upstreamCode: "5", message: expect.not.stringMatching(/13000000001|s3cret/) });
  });
});

describe("feishu-contact task id", () => {
  it.each([sampleId, "A", "a-b_c", "9".repeat(128)])("%j is accepted as given", (text) => {
    expect(feishuContact.parseUpstreamId(text)).toEqual({ upstreamId: text, scope: "", localId: text });
  });

  it.each(["", "a b", "a&task_id=b", "a/b", "..", "a\n", "9".repeat(129), "任务"])("%j is refused", (text) => {
    expect(feishuContact.parseUpstreamId(text)).toBeNull();
  });
});
