import { describe, expect, it } from "vitest";
import type { Exchange } from "../../../src/http/exchange.ts";
import type { FailedCall } from "../../../src/providers/provider.ts";
import {
  malformedAnswer,
  refusalByFailure,
  refusalByStatus,
  refuse,
  refuseExchange,
  refuseId,
} from "../../../src/providers/shared/refusal.ts";
import { createProblem } from "../../../src/tasks/problem.ts";

const now = Date.parse("2026-08-01T12:00:00Z");

function response(status: number, headers: Readonly<Record<string, string>> = {}, text = ""): Exchange {
  return { kind: "response", status, headers, text, receivedAt: now };
}

describe("refusalByStatus", () => {
  it.each([
    [200, "UPSTREAM_MALFORMED", "malformed"],
    [204, "UPSTREAM_MALFORMED", "malformed"],
    [302, "UPSTREAM_ERROR", undefined],
    [400, "UPSTREAM_ERROR", undefined],
    [401, "AUTH_FAILED", undefined],
    [403, "FORBIDDEN", undefined],
    [404, "UPSTREAM_ERROR", undefined],
    [408, "TIMEOUT", "transient"],
    [413, "UPSTREAM_ERROR", undefined],
    [429, "RATE_LIMITED", "throttled"],
    [500, "UPSTREAM_UNAVAILABLE", "transient"],
    [502, "UPSTREAM_UNAVAILABLE", "transient"],
    [503, "UPSTREAM_UNAVAILABLE", "transient"],
    [504, "TIMEOUT", "transient"],
    [599, "UPSTREAM_UNAVAILABLE", "transient"],
  ])("HTTP %d without a vendor's body: %s, again because %s", (status, code, again) => {
    const refusal = refusalByStatus(status);

    expect([refusal.code, refusal.again]).toEqual([code, again]);
  });

  it.each([404, 400])("says nothing about a task by HTTP %d alone, nor that asking again helps", (status) => {
    expect(refusalByStatus(status)).toMatchObject({ retryable: false });
  });
});

describe("refusalByFailure", () => {
  it.each([
    ["unreachable", "UPSTREAM_UNAVAILABLE", "transient"],
    ["timeout", "TIMEOUT", "transient"],
    ["oversized", "UPSTREAM_MALFORMED", undefined],
    ["aborted", "TIMEOUT", undefined],
  ] as const)("%s: %s, again because %s", (reason, code, again) => {
    expect([refusalByFailure(reason).code, refusalByFailure(reason).again]).toEqual([code, again]);
  });
});

describe("refuse", () => {
  it("makes a problem in our own words, and carries what the upstream said as tokens", () => {
    const { value } = refuse(
      { code: "UPSTREAM_ERROR", retryable: true, divisible: true },
      { upstream: "Vendor", upstreamCode: "E.7", upstreamRequestId: "r-1", status: 400, now },
    );

    expect(value).toEqual({
      kind: "failed",
      divisible: true,
      problem: createProblem("UPSTREAM_ERROR", "Vendor refused the call (HTTP 400).", {
        retryable: true,
        upstreamCode: "E.7",
        upstreamRequestId: "r-1",
      }),
    });
  });

  it("does not name an HTTP status that says nothing", () => {
    expect(problemOf(refuse(malformedAnswer, { upstream: "Vendor", status: 200, now })).message).not.toContain("HTTP");
  });

  it("is not divisible, and not worth another attempt, unless its row says so", () => {
    const { value, again } = refuse({ code: "FORBIDDEN" }, { upstream: "Vendor", now });

    expect([value.divisible, again]).toEqual([false, undefined]);
  });

  it("turns the upstream's wait into an instant, and into the floor of the backoff", () => {
    const judgement = refuse(
      { code: "RATE_LIMITED", again: "throttled" },
      { upstream: "Vendor", retryAfterMs: 7_000, now },
    );

    expect(problemOf(judgement)).toMatchObject({ code: "RATE_LIMITED", retryable: true, retryAfterAt: now + 7_000 });
    expect(judgement.again).toEqual({ because: "throttled", afterMs: 7_000 });
  });
});

describe("refuse, of a 503 that says when to come back", () => {
  const context = { upstream: "Vendor", status: 503, retryAfterMs: 20_000, now };

  it("takes it for throttling, also when a vendor's own table reads it", () => {
    const judgement = refuse({ code: "UPSTREAM_UNAVAILABLE", again: "transient", divisible: true }, context);

    expect(problemOf(judgement)).toMatchObject({ code: "RATE_LIMITED", retryAfterAt: now + 20_000 });
    expect(judgement.again).toEqual({ because: "throttled", afterMs: 20_000 });
    expect(judgement.value.divisible).toBe(false);
  });

  it("lets a vendor's code for something else win", () => {
    expect(problemOf(refuse({ code: "AUTH_FAILED" }, context)).code).toBe("AUTH_FAILED");
  });

  it("takes a 500 with a hint for what its row says, and waits for the hint", () => {
    const judgement = refuse({ code: "UPSTREAM_UNAVAILABLE", again: "transient" }, { ...context, status: 500 });

    expect(problemOf(judgement).code).toBe("UPSTREAM_UNAVAILABLE");
    expect(judgement.again).toEqual({ because: "transient", afterMs: 20_000 });
  });
});

describe("refuseExchange", () => {
  it.each([429, 503])(
    "takes HTTP %d with a hint for throttling, which waits for the hint or names its time",
    (status) => {
      const judgement = refuseExchange(response(status, { "retry-after": "20" }), "Vendor", now);

      expect(problemOf(judgement)).toMatchObject({ code: "RATE_LIMITED", retryAfterAt: now + 20_000, retryable: true });
      expect(judgement.again).toEqual({ because: "throttled", afterMs: 20_000 });
      expect(judgement.value.divisible).toBe(false);
    },
  );

  it("takes HTTP 503 without a hint for being out of order", () => {
    const judgement = refuseExchange(response(503), "Vendor", now);

    expect(problemOf(judgement)).toMatchObject({ code: "UPSTREAM_UNAVAILABLE", retryAfterAt: null });
    expect(judgement.again).toEqual({ because: "transient" });
  });

  it.each(["soon", "7200", "-5"])("does not believe the hint %j", (hint) => {
    const judgement = refuseExchange(response(503, { "retry-after": hint }), "Vendor", now);

    expect(problemOf(judgement)).toMatchObject({ code: "UPSTREAM_UNAVAILABLE", retryAfterAt: null });
  });

  it("does not repeat a word of the answer", () => {
    const judgement = refuseExchange(response(403, { "x-secret": "s3cret" }, "you sent s3cret"), "Vendor", now);

    expect(JSON.stringify(judgement)).not.toContain("s3cret");
  });

  it("says that nobody answered in time when there is no answer", () => {
    const judgement = refuseExchange({ kind: "failure", reason: "timeout" }, "Vendor", now);

    expect(problemOf(judgement)).toMatchObject({ code: "TIMEOUT", message: "Vendor did not answer in time." });
  });
});

describe("refuseId", () => {
  it("is one id's problem, without a wait", () => {
    expect(refuseId({ code: "NOT_FOUND" }, { upstream: "Vendor", upstreamCode: "E.7" })).toEqual({
      problem: createProblem("NOT_FOUND", "Vendor knows no such task.", { upstreamCode: "E.7" }),
    });
  });
});

function problemOf({ value }: { value: FailedCall }): FailedCall["problem"] {
  return value.problem;
}
