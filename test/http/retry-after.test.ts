import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRetryAfter } from "../../src/http/retry-after.ts";

const now = Date.parse("2026-08-01T12:00:00Z");

describe("parseRetryAfter", () => {
  it.each([
    ["0", 0],
    ["1", 1_000],
    ["120", 120_000],
    [" 7 ", 7_000],
    ["1.5", 1_500],
    ["0.0004", 1],
    ["3600", 3_600_000],
    ["Sat, 01 Aug 2026 12:00:30 GMT", 30_000],
    ["Sat, 01 Aug 2026 13:00:00 GMT", 3_600_000],
    ["Saturday, 01-Aug-26 12:00:30 GMT", 30_000],
    ["Sat, 01 Aug 2026 11:59:30 GMT", 0],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ])("reads %j as a wait of %d ms", (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });

  it.each([
    undefined,
    "",
    "  ",
    "soon",
    "NaN",
    "Infinity",
    "-1",
    "5, 5",
    "5s",
    "in 5 seconds",
    "error 1",
    "0x10",
    "1e3",
    "2026-08-01",
    "3601",
    "1785592830",
    "99999999999999999999999",
    "Sat, 01 Aug 2026 13:00:01 GMT",
    "Wed, 01 Aug 2035 12:00:00 GMT",
    "Sat, 99 Foo 2026 12:00:30 GMT",
  ])("does not believe %j", (value) => {
    expect(parseRetryAfter(value, now)).toBeUndefined();
  });

  it("answers any text with a wait of at most an hour, or with nothing", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String)), (text) => {
        const waitMs = parseRetryAfter(text, now) ?? 0;
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(3_600_000);
      }),
    );
  });
});
