import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evenChunks } from "../../src/batching/even-chunks.ts";

describe("evenChunks", () => {
  it.each([
    [0, 100, []],
    [1, 100, [1]],
    [100, 100, [100]],
    [101, 100, [51, 50]],
    [102, 100, [51, 51]],
    [200, 100, [100, 100]],
    [201, 100, [67, 67, 67]],
    [7, 3, [3, 2, 2]],
    [3, 1, [1, 1, 1]],
  ])("cuts %d items at a limit of %d into parts of %j", (count, limit, sizes) => {
    const items = Array.from({ length: count }, (_, index) => index);

    expect(evenChunks(items, limit).map((chunk) => chunk.length)).toEqual(sizes);
  });

  it("makes the fewest parts, none over the limit, none more than one larger than another, in order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 120 }), (items, limit) => {
        const chunks = evenChunks(items, limit);
        const sizes = chunks.map((chunk) => chunk.length);
        expect(chunks.flat()).toEqual(items);
        expect(chunks).toHaveLength(Math.ceil(items.length / limit));
        if (sizes.length === 0) return;
        expect(Math.max(...sizes)).toBeLessThanOrEqual(limit);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
