import { afterEach, describe, expect, it } from "vitest";
import { huaweiDli } from "../../../src/providers/huawei-dli/index.ts";
import type { DliBatchJobState } from "../../../src/providers/huawei-dli/normalize.ts";
import sample from "../../../src/sandbox/samples/dli-state.json" with { type: "json" };
import { createTestTools, failureOf, problemOf, stateOf, taskCall, testStartAt } from "../../support/client-tools.ts";
import { type Answering, startFarSide } from "../../support/far-side.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const id = sample.id;
const accessKey = { accessKey: "AK0001", secretKey: "SECRET-KEY-0001" };

async function openAccount(answering: Answering, auth: Record<string, string> = accessKey) {
  const farSide = await startFarSide(answering);
  const tools = createTestTools();
  cleanups.push(tools.close, farSide.close);
  const account = huaweiDli.accountSchema.parse({
    provider: "huawei-dli",
    baseUrl: farSide.baseUrl,
    projectId: "p1",
    auth,
  });
  return { asked: farSide.asked, tools, client: huaweiDli.createClient(account, tools) };
}

describe("a DLI call", () => {
  it("asks for the state of one batch, signed for the project", async () => {
    const { asked, client } = await openAccount(() => ({ body: sample }));

    const answer = await client.fetchTasks(taskCall([id]));

    const [request] = asked;
    expect(asked).toHaveLength(1);
    expect(request).toMatchObject({ method: "GET", path: `/v2.0/p1/batches/${id}/state`, body: "" });
    expect(request?.headers).toMatchObject({ "content-type": "application/json", "x-project-id": "p1" });
    expect(request?.headers.authorization).toContain("SignedHeaders=content-type;host;x-project-id;x-sdk-date,");
    expect(stateOf<DliBatchJobState>(answer, id)).toMatchObject({ status: "SUCCEEDED", projectId: "p1" });
    expect(answer).toMatchObject({ kind: "answered", observedAt: testStartAt, foreignRows: 0 });
  });

  it("carries a configured token instead", async () => {
    const { asked, client } = await openAccount(() => ({ body: sample }), { token: "FIXED-TOKEN" });

    await client.fetchTasks(taskCall([id]));

    expect(asked[0]?.headers["x-auth-token"]).toBe("FIXED-TOKEN");
    expect(asked[0]?.headers).not.toHaveProperty("authorization");
  });

  it.each<[string, unknown]>([
    ["without an id", { state: "running" }],
    ["with a blank id", { id: "", state: "running" }],
    ["with the id in capitals", { id: id.toUpperCase(), state: "running" }],
    ["with unknown keys", { id, state: "running", more: [1] }],
    ["with a null error code", { id, state: "running", error_code: null }],
  ])("takes an answer %s", async (_case, body) => {
    const { client } = await openAccount(() => ({ body }));

    const answer = await client.fetchTasks(taskCall([id]));

    expect(stateOf(answer, id).status).toBe("RUNNING");
  });

  it("shows a number as a state that nobody knows", async () => {
    const { client } = await openAccount(() => ({ body: { id, state: 7 } }));

    const answer = await client.fetchTasks(taskCall([id]));

    expect(stateOf(answer, id)).toMatchObject({ status: "UNKNOWN", rawStatus: { value: "7" } });
  });

  it.each<[string, unknown]>([
    ["about another batch", { id: "00000000-0000-0000-0000-000000000001", state: "success" }],
    ["with an id of another type", { id: { id }, state: "success" }],
    ["without a state", { id }],
    ["with a null state", { id, state: null }],
    ["with an empty state", { id, state: "" }],
    ["with a boolean state", { id, state: true }],
    ["with a list for a state", { id, state: ["success"] }],
    ["that is a list", [sample]],
    ["that is empty", ""],
    ["that is HTML", "<html></html>"],
    ["that is cut off", JSON.stringify(sample).slice(0, -4)],
  ])("does not take an answer %s, and asks once more", async (_case, body) => {
    const { asked, client } = await openAccount(() => ({ body }));

    const { problem, divisible } = failureOf(await client.fetchTasks(taskCall([id])));

    expect(problem).toMatchObject({ code: "UPSTREAM_MALFORMED", retryable: true });
    expect(divisible).toBe(false);
    expect(asked).toHaveLength(2);
  });
});

describe("a refusal of DLI", () => {
  it.each<[number, string, string, boolean, number]>([
    [401, "DLI.0013", "AUTH_FAILED", false, 1],
    [401, "DLI.0014", "AUTH_FAILED", false, 1],
    [400, "DLI.0015", "AUTH_FAILED", false, 1],
    [400, "DLI.0016", "FORBIDDEN", false, 1],
    [400, "DLI.0003", "FORBIDDEN", false, 1],
    [400, "DLI.0011", "FORBIDDEN", false, 1],
    [400, "DLI.0019", "TIMEOUT", true, 3],
    [400, "DLI.0999", "UPSTREAM_ERROR", true, 3],
    [400, "DLI.0012", "UPSTREAM_ERROR", true, 3],
    [400, "DLI.0004", "UPSTREAM_ERROR", false, 1],
    [400, "DLI.0005", "UPSTREAM_ERROR", false, 1],
    [400, "DLI.0006", "UPSTREAM_ERROR", false, 1],
    [400, "DLI.0007", "UPSTREAM_ERROR", false, 1],
    [400, "DLI.0009", "UPSTREAM_ERROR", false, 1],
    [400, "DLI.0018", "UPSTREAM_ERROR", false, 1],
    [400, "DLI.1028", "UPSTREAM_ERROR", false, 1],
    [404, "DLI.12345", "UPSTREAM_ERROR", false, 1],
    [403, "DLI.0777", "FORBIDDEN", false, 1],
    [401, "DLI.0777", "UPSTREAM_ERROR", false, 1],
    [418, "DLI.0777", "UPSTREAM_ERROR", false, 1],
    [400, "constructor", "UPSTREAM_ERROR", false, 1],
    [400, "__proto__", "UPSTREAM_ERROR", false, 1],
    [200, "toString", "UPSTREAM_ERROR", false, 1],
    [404, "APIGW.0101", "UPSTREAM_ERROR", false, 1],
    [429, "DLI.0023", "RATE_LIMITED", true, 1],
    [500, "DLI.0777", "UPSTREAM_UNAVAILABLE", true, 3],
    [200, "DLI.0777", "UPSTREAM_ERROR", false, 1],
  ])("HTTP %i with %s is %s", async (status, errorCode, code, retryable, requests) => {
    const body = { id, state: "success", error_code: errorCode, error_msg: "planted-text", error_json_opt: {} };
    const { asked, client } = await openAccount(() => ({ status, body }));

    const { problem, divisible } = failureOf(await client.fetchTasks(taskCall([id])));

    expect(problem).toMatchObject({ code, retryable, upstreamCode: errorCode });
    expect(problem.message).not.toContain("planted-text");
    expect(divisible).toBe(false);
    expect(asked).toHaveLength(requests);
  });

  it.each<[number, string]>([
    [404, "DLI.0023"],
    [400, "DLI.0001"],
    [400, "DLI.0002"],
    [400, "DLI.0008"],
    [400, "DLI.0023"],
    [400, "DLI.0100"],
    [200, "DLI.0023"],
  ])("HTTP %i with %s is the answer that there is no such batch", async (status, errorCode) => {
    const body = { id, state: "success", error_code: errorCode, error_msg: "planted-text", error_json_opt: {} };
    const { asked, client } = await openAccount(() => ({ status, body }));

    const problem = problemOf(await client.fetchTasks(taskCall([id])), id);

    expect(problem).toMatchObject({ code: "NOT_FOUND", retryable: false, upstreamCode: errorCode });
    expect(problem.message).not.toContain("planted-text");
    expect(asked).toHaveLength(1);
  });

  it.each<[number, string, boolean, number]>([
    [400, "UPSTREAM_ERROR", false, 1],
    [401, "AUTH_FAILED", false, 1],
    [403, "FORBIDDEN", false, 1],
    [404, "UPSTREAM_ERROR", false, 1],
    [408, "TIMEOUT", true, 3],
    [429, "RATE_LIMITED", true, 1],
    [500, "UPSTREAM_UNAVAILABLE", true, 3],
    [502, "UPSTREAM_UNAVAILABLE", true, 3],
    [503, "UPSTREAM_UNAVAILABLE", true, 3],
    [504, "TIMEOUT", true, 3],
  ])("HTTP %i without a code is %s", async (status, code, retryable, requests) => {
    const { asked, client } = await openAccount(() => ({ status, body: "<html>proxy</html>" }));

    const { problem } = failureOf(await client.fetchTasks(taskCall([id])));

    expect(problem).toMatchObject({ code, retryable, upstreamCode: null });
    expect(asked).toHaveLength(requests);
  });

  it("that comes before a good answer is forgotten", async () => {
    let calls = 0;
    const { client } = await openAccount(() => {
      calls += 1;
      return calls === 1 ? { status: 400, body: { error_code: "DLI.0999" } } : { body: sample };
    });

    const answer = await client.fetchTasks(taskCall([id]));

    expect(stateOf(answer, id).status).toBe("SUCCEEDED");
  });

  it("waits as long as it is told", async () => {
    const { client } = await openAccount(() => ({ status: 429, headers: { "retry-after": "12" } }));

    const { problem } = failureOf(await client.fetchTasks(taskCall([id])));

    expect(problem.retryAfterAt).toBe(testStartAt + 12_000);
  });

  it("is UPSTREAM_UNAVAILABLE when the connection is cut", async () => {
    const { asked, client } = await openAccount(() => "reset");

    const { problem } = failureOf(await client.fetchTasks(taskCall([id])));

    expect(problem).toMatchObject({ code: "UPSTREAM_UNAVAILABLE", retryable: true });
    expect(asked).toHaveLength(3);
  });
});
