import { describe, expect, it } from "vitest";
import { createHealthRecord } from "../../src/batching/account-health.ts";
import type { Admission } from "../../src/batching/admission.ts";
import type { CallAnswer } from "../../src/providers/provider.ts";
import { createProblem, type ProblemCode } from "../../src/tasks/problem.ts";

const answered: CallAnswer = { kind: "answered", answers: new Map(), observedAt: 0, foreignRows: 0 };

const open: Pick<Admission, "standing"> = { standing: () => "open" };

function failed(code: ProblemCode): CallAnswer {
  return { kind: "failed", problem: createProblem(code, "Text."), divisible: false };
}

describe("createHealthRecord", () => {
  it("begins well", () => {
    expect(createHealthRecord(open).current()).toBe("OK");
  });

  it.each(["AUTH_FAILED", "TIMEOUT", "UPSTREAM_UNAVAILABLE", "UPSTREAM_MALFORMED"] as const)(
    "is degraded after %s, until a call is answered",
    (code) => {
      const health = createHealthRecord(open);

      health.note(failed(code));
      const after = health.current();
      health.note(answered);

      expect([after, health.current()]).toEqual(["DEGRADED", "OK"]);
    },
  );

  it.each(["NOT_FOUND", "INVALID_ID", "FORBIDDEN", "UPSTREAM_ERROR"] as const)(
    "is well again after %s, which speaks about an id or a question",
    (code) => {
      const health = createHealthRecord(open);
      health.note(failed("TIMEOUT"));

      health.note(failed(code));

      expect(health.current()).toBe("OK");
    },
  );

  it.each([
    ["throttled", "RATE_LIMITED"],
    ["circuit-open", "CIRCUIT_OPEN"],
  ] as const)("tells first that calls are kept out: %s", (standing, expected) => {
    const health = createHealthRecord({ standing: () => standing });

    health.note(failed("TIMEOUT"));

    expect(health.current()).toBe(expected);
  });
});
