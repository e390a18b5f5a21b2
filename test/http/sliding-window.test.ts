import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSlidingWindow } from "../../src/http/sliding-window.ts";

const periodMs = 1_000;

/** Sends at these times, or as soon after them as the window allows, and answers when each was sent. */
function sendAll(calls: number, wantedAt: readonly number[]): number[] {
  const window = createSlidingWindow(calls, periodMs);
  let clock = 0;
  return wantedAt.map((wanted) => {
    clock = Math.max(clock, wanted);
    clock = Math.max(clock, window.freeAt(clock, 0));
    window.record(clock);
    return clock;
  });
}

const arrivals = fc
  .array(fc.nat(400), { maxLength: 200 })
  .map((gaps) => gaps.map((_, index) => gaps.slice(0, index + 1).reduce((sum, gap) => sum + gap, 0)));

describe("createSlidingWindow", () => {
  it("lets no more through in any stretch of a period's length than it may, and makes nobody wait without need", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), arrivals, (calls, wantedAt) => {
        const sentAt = sendAll(calls, wantedAt);

        for (const [index, at] of sentAt.entries()) {
          const earlier = sentAt[index - calls];
          if (earlier !== undefined) expect(at - earlier).toBeGreaterThanOrEqual(periodMs);
          const soonest = Math.max(wantedAt[index] ?? 0, sentAt[index - 1] ?? 0, (earlier ?? -periodMs) + periodMs);
          expect(at).toBe(soonest);
        }
      }),
    );
  });

  it("reaches the full rate", () => {
    const sentAt = sendAll(5, new Array<number>(1_000).fill(0));

    expect(sentAt.at(-1)).toBe(199 * periodMs);
  });

  it("tells when one may be sent behind others", () => {
    const window = createSlidingWindow(3, periodMs);
    for (const at of [0, 100, 200]) window.record(at);

    expect([0, 1, 2, 3, 6].map((ahead) => window.freeAt(300, ahead))).toEqual([1_000, 1_100, 1_200, 1_300, 2_300]);
  });

  it("forgets what was sent when the clock is set back, instead of waiting for that time to come again", () => {
    const window = createSlidingWindow(1, periodMs);
    window.record(3_600_000);

    expect(window.freeAt(1_000, 0)).toBe(1_000);
  });

  it("stays right when it has forgotten many", () => {
    const window = createSlidingWindow(1_000_000, periodMs);
    for (let at = 0; at < 5_000; at += 1) {
      window.freeAt(at, 0);
      window.record(at);
    }

    expect(window.freeAt(5_000, 999_000)).toBe(5_000);
    expect(window.freeAt(5_000, 999_001)).toBe(5_001);
  });
});
