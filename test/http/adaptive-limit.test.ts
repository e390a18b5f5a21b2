import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AdaptiveLimit, createAdaptiveLimit } from "../../src/http/adaptive-limit.ts";

function createLimit(start = 8, max = 32): AdaptiveLimit & { readonly told: number[] } {
  const told: number[] = [];
  return { ...createAdaptiveLimit({ start, max, changed: (limit) => told.push(limit) }), told };
}

/** As many clean attempts as there are places, all places being taken or not. */
function cleanRound(limit: AdaptiveLimit, { inUse = true } = {}): void {
  const places = inUse ? limit.current() : 1;
  const round = limit.current();
  for (let place = 0; place < places; place += 1) limit.take();
  for (let attempt = 0; attempt < round; attempt += 1) limit.begin().clean();
  for (let place = 0; place < places; place += 1) limit.giveBack();
}

describe("createAdaptiveLimit", () => {
  it("has as many places as it starts with, and takes places back", () => {
    const limit = createLimit(2);

    expect([limit.take(), limit.take(), limit.take()]).toEqual([true, true, false]);
    limit.giveBack();
    expect([limit.take(), limit.take()]).toEqual([true, false]);
  });

  it("starts no higher than its maximum", () => {
    expect(createLimit(8, 3).current()).toBe(3);
  });

  it("grows by one with each clean round in use, up to its maximum", () => {
    const limit = createLimit(8, 10);

    const seen = Array.from({ length: 4 }, () => {
      cleanRound(limit);
      return limit.current();
    });

    expect(seen).toEqual([9, 10, 10, 10]);
    expect(limit.told).toEqual([9, 10]);
  });

  it("does not grow before a round is full", () => {
    const limit = createLimit(8);
    for (let place = 0; place < 8; place += 1) limit.take();

    for (let attempt = 0; attempt < 7; attempt += 1) limit.begin().clean();
    expect(limit.current()).toBe(8);
    limit.begin().clean();
    expect(limit.current()).toBe(9);
  });

  it("does not grow while nobody needs it", () => {
    const limit = createLimit(8);

    for (let round = 0; round < 10; round += 1) cleanRound(limit, { inUse: false });

    expect(limit.current()).toBe(8);
  });

  it("shrinks to nine tenths in trouble, to a half when throttled", () => {
    const limit = createLimit(20);

    limit.begin().troubled();
    expect(limit.current()).toBe(18);
    limit.begin().throttled();
    expect(limit.current()).toBe(9);
  });

  it("never goes below one, and comes back from there", () => {
    const limit = createLimit(8);

    for (let attempt = 0; attempt < 20; attempt += 1) limit.begin().throttled();
    expect(limit.current()).toBe(1);
    cleanRound(limit);
    expect(limit.current()).toBe(2);
  });

  it("is cut once by attempts that were under way together", () => {
    const limit = createLimit(8);
    const together = Array.from({ length: 8 }, () => limit.begin());

    for (const attempt of together) attempt.throttled();

    expect(limit.current()).toBe(4);
    limit.begin().throttled();
    expect(limit.current()).toBe(2);
  });

  it("lets a heavier cut of the same trip take the place of a lighter one, not the other way round", () => {
    const limit = createLimit(20);
    const together = Array.from({ length: 4 }, () => limit.begin());

    together[0]?.troubled();
    together[1]?.throttled();
    together[2]?.throttled();
    together[3]?.troubled();

    expect(limit.current()).toBe(10);
  });

  it("does not count what began before a cut towards the next round", () => {
    const limit = createLimit(8);
    for (let place = 0; place < 8; place += 1) limit.take();
    const together = Array.from({ length: 8 }, () => limit.begin());

    together[0]?.throttled();
    for (const attempt of together.slice(1)) attempt.clean();

    expect(limit.current()).toBe(4);
  });

  it("stays between one and its maximum whatever happens", () => {
    const step = fc.constantFrom("take", "giveBack", "clean", "troubled", "throttled");
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 1, max: 40 }), (steps, max) => {
        const limit = createLimit(8, max);
        let taken = 0;
        for (const name of steps) {
          if (name === "take") taken += limit.take() ? 1 : 0;
          else if (name !== "giveBack") limit.begin()[name]();
          else if (taken > 0) {
            taken -= 1;
            limit.giveBack();
          }
          expect(limit.current()).toBeGreaterThanOrEqual(1);
          expect(limit.current()).toBeLessThanOrEqual(max);
        }
      }),
    );
  });
});
