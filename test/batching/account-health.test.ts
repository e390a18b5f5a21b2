import { describe, expect, it } from "vitest";
import { createHealthRecord } from "../../src/batching/account-health.ts";
import type { CallAnswer } from "../../src/providers/provider.ts";
import { createProblem, type ProblemCode } from "../../src/tasks/problem.ts";

const answered: CallAnswer = { kind: "answered", answers: new Map(), observedAt: 0, foreignRows: 0 };

function failed(code: ProblemCode, retryAfterAt: number | null = null): CallAnswer {
  return { kind: "failed", problem: createProblem(code, "Text.", { retryAfterAt }), divisible: false };
}

describe("createHealthRecord", () => {
  it("begins well", () => {
    expect(createHealthRecord(() => 0).current()).toBe("OK");
  });

  it.each(["AUTH_FAILED", "TIMEOUT", "UPSTREAM_UNAVAILABLE", "UPSTREAM_MALFORMED"] as const)(
    "is degraded after %s, until a call is answered",
    (code) => {
      const health = createHealthRecord(() => 0);

      health.note(failed(code));
      const after = health.current();
      health.note(answered);

      expect([after, health.current()]).toEqual(["DEGRADED", "OK"]);
    },
  );

  it.each(["NOT_FOUND", "INVALID_ID", "FORBIDDEN", "UPSTREAM_ERROR"] as const)(
    "is well again after %s, which speaks about an id or a question",
    (code) => {
      const health = createHealthRecord(() => 0);
      health.note(failed("TIMEOUT"));

      health.note(failed(code));

      expect(health.current()).toBe("OK");
    },
  );

  it("is rate limited until the time that the upstream named", () => {
    let now = 1_000;
    const health = createHealthRecord(() => now);

    health.note(failed("RATE_LIMITED", 5_000));
    const at = [1_000, 5_000, 5_001].map((instant) => {
      now = instant;
      return health.current();
    });

    expect(at).toEqual(["RATE_LIMITED", "RATE_LIMITED", "OK"]);
  });

  it("forgets a limit when a call is answered before its time", () => {
    const health = createHealthRecord(() => 1_000);

    health.note(failed("RATE_LIMITED", 5_000));
    health.note(answered);

    expect(health.current()).toBe("OK");
  });
});
