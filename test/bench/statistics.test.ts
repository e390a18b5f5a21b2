import { expect, test } from "vitest";
import { percentile, slope } from "./statistics.ts";

test("a percentile is one of the samples", () => {
  const samples = [5, 1, 4, 2, 3];
  expect(percentile(samples, 0.5)).toBe(3);
  expect(percentile(samples, 0.99)).toBe(5);
  expect(percentile([7], 0.01)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});

test("the slope is that of the line through the points", () => {
  expect(slope([0, 1, 2, 3].map((x) => [x, 10 + 2 * x]))).toBeCloseTo(2);
  expect(slope([0, 1, 2, 3].map((x) => [x, 10]))).toBeCloseTo(0);
});
