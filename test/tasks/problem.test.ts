import { describe, expect, it } from "vitest";
import { createProblem, problemCodes } from "../../src/tasks/problem.ts";

describe("createProblem", () => {
  it.each([
    ["INVALID_ID", false],
    ["NOT_FOUND", false],
    ["NOT_RETURNED", true],
    ["FORBIDDEN", false],
    ["UNKNOWN_ACCOUNT", false],
    ["TOO_MANY_IDS", false],
    ["RATE_LIMITED", true],
    ["TIMEOUT", true],
    ["UPSTREAM_UNAVAILABLE", true],
    ["CIRCUIT_OPEN", true],
    ["UPSTREAM_MALFORMED", true],
    ["UPSTREAM_ERROR", false],
    ["AUTH_FAILED", false],
    ["OVERLOADED", true],
  ] as const)("%s is by itself worth asking again: %s", (code, retryable) => {
    expect(createProblem(code, "Text.")).toEqual({
      code,
      message: "Text.",
      retryable,
      retryAfterAt: null,
      upstreamCode: null,
      upstreamRequestId: null,
    });
  });

  it("has a row above for every code", () => {
    expect(problemCodes).toHaveLength(14);
  });

  it.each([true, false])("takes a contract's own word on asking again: %s", (retryable) => {
    expect(createProblem("UPSTREAM_ERROR", "Text.", { retryable }).retryable).toBe(retryable);
    expect(createProblem("TIMEOUT", "Text.", { retryable }).retryable).toBe(retryable);
  });

  it.each(["3599999", "DRS.M00301", "APIGW.0308", "-1", "a:b/c+d=e_f", "x".repeat(128)])(
    "repeats the plain token %s of an upstream",
    (token) => {
      const problem = createProblem("UPSTREAM_ERROR", "Text.", { upstreamCode: token, upstreamRequestId: token });

      expect(problem).toMatchObject({ upstreamCode: token, upstreamRequestId: token });
    },
  );

  it.each([
    ["nothing", ""],
    ["a sentence", "invalid token t-123"],
    ["a line break at the end", "3599999\n"],
    ["a control character", "35\u000099999"],
    ["markup", "<script>"],
    ["quotes", '"x"'],
    ["a redacted text", "[redacted]"],
    ["129 characters", "x".repeat(129)],
    ["another alphabet", "错误"],
  ])("does not repeat %s", (_what, text) => {
    const problem = createProblem("UPSTREAM_ERROR", "Text.", { upstreamCode: text, upstreamRequestId: text });

    expect(problem).toMatchObject({ upstreamCode: null, upstreamRequestId: null });
  });
});
