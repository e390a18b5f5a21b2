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
    ["a day ahead", "Sun, 02 Aug 2026 12:00:00 GMT", 86_400_000],
  ])("goes %s like the server's, and goes on from there", (_how, date, offsetMs) => {
    let now = start;
    const clock = createServerClock(() => now, toleranceMs);

    const learnt = clock.learn(date, start);
    now += 500;

    expect([learnt, clock.now()]).toEqual([true, start + 500 + offsetMs]);
  });

  it.each([
    undefined,
    "",
    "yesterday",
    "Sat, 01 Aug 2026 12:01:00 GMT",
    "Sat, 01 Aug 2026 11:59:00 GMT",
    "Sun, 02 Aug 2026 12:00:01 GMT",
    "Fri, 31 Jul 2026 11:59:59 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Sat, 13 Sep 275760 00:00:00 GMT",
  ])("learns nothing from %j", (date) => {
    const clock = createServerClock(() => start, toleranceMs);

    expect([clock.learn(date, start), clock.now()]).toEqual([false, start]);
  });

  it("does not take the clock for the reason when the server's time was signed", () => {
    const clock = createServerClock(() => start, toleranceMs);
    clock.learn("Sat, 01 Aug 2026 11:00:00 GMT", start);

    expect(clock.learn("Sat, 01 Aug 2026 11:00:00 GMT", clock.now())).toBe(false);
  });

  it("takes it for the reason when another answer corrected the clock after the signature", () => {
    const clock = createServerClock(() => start, toleranceMs);
    clock.learn("Sat, 01 Aug 2026 11:00:00 GMT", start);

    const learnt = clock.learn("Sat, 01 Aug 2026 11:00:00 GMT", start);

    expect([learnt, clock.now()]).toEqual([true, start - 3_600_000]);
  });

  it("finds back when our clock is set right", () => {
    let now = start - 3_600_000;
    const clock = createServerClock(() => now, toleranceMs);
    clock.learn("Sat, 01 Aug 2026 12:00:00 GMT", now);
    now = start;

    const learnt = clock.learn("Sat, 01 Aug 2026 12:00:00 GMT", clock.now());

    expect([learnt, clock.now()]).toEqual([true, start]);
  });

  it("finds back after an answer whose date was a mistake", () => {
    const clock = createServerClock(() => start, toleranceMs);
    clock.learn("Sat, 01 Aug 2026 02:00:00 GMT", start);

    const learnt = clock.learn("Sat, 01 Aug 2026 12:00:00 GMT", clock.now());

    expect([learnt, clock.now()]).toEqual([true, start]);
  });
});
