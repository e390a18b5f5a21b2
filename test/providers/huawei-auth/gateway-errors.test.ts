import { describe, expect, it } from "vitest";
import { testStartAt } from "../../support/client-tools.ts";
import { accessKey, createCaller, limitsOf, openTools, openUpstream, problemOf } from "./call.ts";

/** Too short for waiting out a throttling, long enough for everything else. */
const shortCallMs = 450;

describe("a refusal of the gateway", () => {
  it.each<[number, string, string, boolean, number]>([
    [401, "0301", "AUTH_FAILED", false, 1],
    [401, "0305", "AUTH_FAILED", false, 1],
    [401, "0307", "AUTH_FAILED", false, 1],
    [403, "0302", "FORBIDDEN", false, 1],
    [403, "0306", "FORBIDDEN", false, 1],
    [403, "0310", "FORBIDDEN", false, 1],
    [403, "0802", "FORBIDDEN", false, 1],
    [404, "0101", "UPSTREAM_ERROR", false, 1],
    [400, "0201", "UPSTREAM_ERROR", false, 1],
    [413, "0201", "UPSTREAM_ERROR", false, 1],
    [414, "0201", "UPSTREAM_ERROR", false, 1],
    [494, "0201", "UPSTREAM_ERROR", false, 1],
    [502, "0201", "UPSTREAM_UNAVAILABLE", true, 3],
    [500, "0601", "UPSTREAM_UNAVAILABLE", true, 3],
    [502, "0610", "UPSTREAM_UNAVAILABLE", true, 3],
    [503, "0613", "UPSTREAM_UNAVAILABLE", true, 3],
    [504, "0201", "TIMEOUT", true, 3],
    [429, "0308", "RATE_LIMITED", true, 1],
    [401, "0399", "AUTH_FAILED", false, 1],
    [200, "0399", "UPSTREAM_ERROR", false, 1],
    [200, "0302", "FORBIDDEN", false, 1],
    [200, "0308", "RATE_LIMITED", true, 1],
  ])("HTTP %i with %s is %s", async (status, digits, code, retryable, requests) => {
    for (const prefix of ["APIGW", "APIG"]) {
      const tools = openTools();
      const body = { error_code: `${prefix}.${digits}`, error_msg: "planted-text", request_id: "req-7" };
      const service = await openUpstream(() => ({ status, body }));

      const problem = problemOf(await createCaller(accessKey, service, tools)(limitsOf(tools, shortCallMs)));

      expect(problem).toMatchObject({ code, retryable, upstreamCode: body.error_code, upstreamRequestId: "req-7" });
      expect(problem?.message).not.toContain("planted-text");
      expect(service.asked).toHaveLength(requests);
    }
  });

  it.each([
    ["the named time", { "retry-after": "30" }, 30_000],
    ["2 s at least", {}, 2_000],
  ])("of a throttled call asks to wait %s", async (_case, headers, waitMs) => {
    const tools = openTools();
    const service = await openUpstream(() => ({ status: 429, headers, body: { error_code: "APIGW.0308" } }));

    const problem = problemOf(await createCaller(accessKey, service, tools)(limitsOf(tools, shortCallMs)));

    expect(problem).toMatchObject({ code: "RATE_LIMITED", retryAfterAt: testStartAt + waitMs });
  });

  it("leaves every answer of the service to the service's own table", async () => {
    const tools = openTools();
    const service = await openUpstream(() => ({ status: 422, body: { error_code: "TEST.0042" } }));

    const answer = await createCaller(accessKey, service, tools)(limitsOf(tools));

    expect(answer).toBe(422);
  });
});
