import { describe, expect, it } from "vitest";
import type { AttemptOutcome } from "../../src/http/attempt-gate.ts";
import { outcomeOf } from "../../src/http/attempt-outcome.ts";
import type { Exchange, FailureReason } from "../../src/http/exchange.ts";
import type { AgainReason, Judgement } from "../../src/http/send.ts";

const attemptTimeoutMs = 3_000;

const response = (status: number): Exchange => ({ kind: "response", status, headers: {}, text: "", receivedAt: 0 });
const judged = (because?: AgainReason): Judgement<null> => ({ value: null, ...(because && { again: { because } }) });

describe("outcomeOf", () => {
  it.each<[number, AgainReason | undefined, AttemptOutcome]>([
    [200, undefined, "clean"],
    [404, undefined, "clean"],
    [200, "malformed", "clean"],
    [401, "credentials", "clean"],
    [500, "transient", "troubled"],
    [200, "transient", "troubled"],
    [500, undefined, "clean"],
    [429, "throttled", "throttled"],
    [503, "throttled", "throttled"],
    [400, "throttled", "throttled"],
  ])("HTTP %d judged %s: %s", (status, because, expected) => {
    expect(outcomeOf(response(status), judged(because), attemptTimeoutMs, attemptTimeoutMs)).toBe(expected);
  });

  it.each<[FailureReason, AttemptOutcome]>([
    ["unreachable", "unreachable"],
    ["timeout", "timed-out"],
    ["oversized", "clean"],
    ["aborted", "neutral"],
  ])("%s: %s", (reason, expected) => {
    const exchange: Exchange = { kind: "failure", reason };

    expect(outcomeOf(exchange, judged(), attemptTimeoutMs, attemptTimeoutMs)).toBe(expected);
  });

  it.each([
    [999, 3_000, "neutral"],
    [1_000, 3_000, "timed-out"],
    [300, 300, "timed-out"],
    [299, 300, "neutral"],
  ])("holds a timeout against nobody who had %d ms of %d", (grantedMs, wholeMs, expected) => {
    expect(outcomeOf({ kind: "failure", reason: "timeout" }, judged("transient"), grantedMs, wholeMs)).toBe(expected);
  });

  it("holds what one id of several may have caused against nobody", () => {
    const judgement = { ...judged("transient"), mayBeOneId: true };

    expect(outcomeOf(response(500), judgement, attemptTimeoutMs, attemptTimeoutMs)).toBe("neutral");
  });
});
