import { describe, expect, it } from "vitest";
import { createServerClock } from "../../../src/providers/shared/server-clock.ts";

const start = Date.parse("2026-08-01T12:00:00Z");
const toleranceMs = 60_000;

describe("createServerClock", () => {
  it("is our clock until it learns better", () => {
    expect(createServerClock(() => start, toleranceMs).now()).toBe(start);
  });

  it.each([
    ["behind", "Sat, 01 Aug 2026 11:00:00 GMT", -3_600_000],
    ["ahead", "Sat, 01 Aug 2026 12:01:01 GMT", 61_000],
  ])("goes %s like the server's, and goes on from there", (_how, date, offsetMs) => {
    let now = start;
    const clock = createServerClock(() => now, toleranceMs);

    const learnt = clock.learn(date);
    now += 500;

    expect([learnt, clock.now()]).toEqual([true, start + 500 + offsetMs]);
  });

  it.each([undefined, "", "yesterday", "Sat, 01 Aug 2026 12:01:00 GMT", "Sat, 01 Aug 2026 11:59:00 GMT"])(
    "learns nothing from %j",
    (date) => {
      const clock = createServerClock(() => start, toleranceMs);

      expect([clock.learn(date), clock.now()]).toEqual([false, start]);
    },
  );

  it("does not learn the same twice, so that a refusal for another reason is not repeated for ever", () => {
    const clock = createServerClock(() => start, toleranceMs);
    clock.learn("Sat, 01 Aug 2026 11:00:00 GMT");

    expect(clock.learn("Sat, 01 Aug 2026 11:00:00 GMT")).toBe(false);
  });

  it("finds back when our clock is set right", () => {
    let now = start - 3_600_000;
    const clock = createServerClock(() => now, toleranceMs);
    clock.learn("Sat, 01 Aug 2026 12:00:00 GMT");
    now = start;

    const learnt = clock.learn("Sat, 01 Aug 2026 12:00:00 GMT");

    expect([learnt, clock.now()]).toEqual([true, start]);
  });
});
