import { describe, expect, it } from "vitest";
import { refuse, refuseExchange } from "../../../src/providers/shared/refusal.ts";

const now = 1_700_000_000_000;

describe("refuseExchange, of an attempt that was not sent", () => {
  it.each([
    ["circuit-open", "CIRCUIT_OPEN"],
    ["held-back", "RATE_LIMITED"],
  ] as const)("%s is %s, with the time to come back, and not repeated", (reason, code) => {
    const { value, again } = refuseExchange({ kind: "failure", reason, againAt: now + 4_000 }, "Vendor", now);

    expect(value.problem).toMatchObject({ code, retryable: true, retryAfterAt: now + 4_000 });
    expect([value.divisible, again]).toEqual([false, undefined]);
  });
});

describe("refuse, of a failure that one id can cause", () => {
  const row = { code: "UPSTREAM_UNAVAILABLE", again: "transient", divisible: true } as const;

  it.each([
    [1, undefined],
    [2, true],
  ])("of %d ids says of the account what it may: mayBeOneId is %s", (idsInCall, expected) => {
    expect(refuse(row, { upstream: "Vendor", now, idsInCall }).mayBeOneId).toBe(expected);
    expect(refuse({ ...row, divisible: false }, { upstream: "Vendor", now, idsInCall }).mayBeOneId).toBeUndefined();
  });

  it("of a known culprit says nothing of the account, and is not worth repeating", () => {
    const judgement = refuse(row, { upstream: "Vendor", now, idsInCall: 1, isSuspect: true });

    expect([judgement.mayBeOneId, judgement.again]).toEqual([true, undefined]);
  });
});
