import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs, maxAttempts } from "../../src/http/backoff.ts";
import type { AgainReason } from "../../src/http/send.ts";

const almostOne = 1 - Number.EPSILON;

describe("backoffMs", () => {
  it.each<[AgainReason, number, number, number | null]>([
    ["transient", 0, 0, 0],
    ["transient", 0, 0.5, 25],
    ["transient", 0, almostOne, 50],
    ["transient", 1, 0, 0],
    ["transient", 1, 0.5, 50],
    ["transient", 1, almostOne, 100],
    ["transient", 2, 0.5, null],
    ["throttled", 0, 0, 1_000],
    ["throttled", 0, 0.5, 1_500],
    ["throttled", 0, almostOne, 2_000],
    ["throttled", 1, 0, 2_000],
    ["throttled", 1, almostOne, 4_000],
    ["throttled", 2, 0.5, null],
    ["malformed", 0, 0.5, 25],
    ["malformed", 1, 0.5, null],
    ["credentials", 0, 0.9, 0],
    ["credentials", 1, 0.9, null],
  ])("%s, repeated %d times before, at a random figure of %d: %d ms", (because, repeats, random, expected) => {
    const waitMs = backoffMs({ because }, repeats, () => random);

    if (expected === null) expect(waitMs).toBeNull();
    else expect(waitMs).toBeCloseTo(expected, 5);
  });

  it.each<[AgainReason, number, number]>([
    ["throttled", 3_000, 3_000],
    ["throttled", 100, 1_500],
    ["transient", 3_000, 3_000],
    ["credentials", 3_000, 3_000],
  ])("takes the upstream's hint as the floor: %s, hint %d ms, %d ms", (because, afterMs, expected) => {
    expect(backoffMs({ because, afterMs }, 0, () => 0.5)).toBe(expected);
  });

  it("does not repeat because of a hint what has been repeated enough", () => {
    expect(backoffMs({ because: "throttled", afterMs: 1 }, maxAttempts - 1, () => 0)).toBeNull();
  });

  it("never waits a negative time, nor longer than its cap or the hint", () => {
    const reasons = fc.constantFrom<AgainReason>("transient", "throttled", "malformed", "credentials");
    const hint = fc.integer({ min: 0, max: 3_600_000 });

    fc.assert(
      fc.property(
        reasons,
        hint,
        fc.nat(3),
        fc.double({ min: 0, max: almostOne, noNaN: true }),
        (because, afterMs, repeats, random) => {
          const waitMs = backoffMs({ because, afterMs }, repeats, () => random) ?? afterMs;
          expect(waitMs).toBeGreaterThanOrEqual(afterMs);
          expect(waitMs).toBeLessThanOrEqual(Math.max(afterMs, 20_000));
        },
      ),
    );
  });
});
