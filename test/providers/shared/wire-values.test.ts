import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readArray,
  readBoolean,
  readEpochMs,
  readFilledText,
  readInteger,
  readNumber,
  readObject,
  readText,
  readWebUrl,
} from "../../../src/providers/shared/wire-values.ts";

const readers = [readObject, readArray, readText, readFilledText, readNumber, readInteger, readBoolean, readWebUrl];

describe("the readers of wire values", () => {
  it("never throw, and answer null to nothing", () => {
    for (const read of readers) {
      expect(read(null)).toBeNull();
      expect(read(undefined)).toBeNull();
      fc.assert(fc.property(fc.anything(), (value) => void read(value)));
    }
  });
});

describe("readObject", () => {
  it.each([[[]], ["text"], [5], [true]])("does not take %j for an object", (value) => {
    expect(readObject(value)).toBeNull();
  });

  it("reads an object", () => {
    expect(readObject({ a: 1 })).toEqual({ a: 1 });
  });
});

describe("readArray", () => {
  it.each([[{}], ["text"], [{ length: 1 }]])("does not take %j for a list", (value) => {
    expect(readArray(value)).toBeNull();
  });
});

describe("readText", () => {
  it.each([
    ["text", "text"],
    ["", ""],
    [0, "0"],
    [-5, "-5"],
    [9007199254740991, "9007199254740991"],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    [true, null],
    [{}, null],
    [["a"], null],
  ])("reads %j as %j", (value, expected) => {
    expect(readText(value)).toBe(expected);
  });
});

describe("readFilledText", () => {
  it.each([
    [" a ", " a "],
    ["", null],
    [" \n\t", null],
    [0, "0"],
  ])("reads %j as %j", (value, expected) => {
    expect(readFilledText(value)).toBe(expected);
  });
});

describe("readNumber", () => {
  it.each([
    ["9".repeat(64), 1e64],
    ["9".repeat(65), null],
    [5, 5],
    [-0.5, -0.5],
    ["5", 5],
    [" 5 ", 5],
    ["+5", 5],
    ["-5.25", -5.25],
    ["", null],
    [" ", null],
    ["5 %", null],
    ["5%", null],
    ["0x10", null],
    ["1e3", null],
    [".5", null],
    ["1,000", null],
    ["NaN", null],
    ["9".repeat(400), null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    [true, null],
    [[5], null],
  ])("reads %j as %j", (value, expected) => {
    expect(readNumber(value)).toBe(expected);
  });
});

describe("readInteger", () => {
  it.each([
    [2_147_483_647, 2_147_483_647],
    [-2_147_483_647, -2_147_483_647],
    ["7", 7],
    ["7.0", 7],
    [2_147_483_648, null],
    ["9007199254740993", null],
    [1.5, null],
  ])("reads %j as %j", (value, expected) => {
    expect(readInteger(value)).toBe(expected);
  });
});

describe("readBoolean", () => {
  it.each([
    [true, true],
    [false, false],
    [1, true],
    [0, false],
    ["1", true],
    ["0", false],
    [" TRUE ", true],
    ["False", false],
    [2, null],
    ["yes", null],
    ["", null],
    [[], null],
  ])("reads %j as %j", (value, expected) => {
    expect(readBoolean(value)).toBe(expected);
  });
});

describe("readEpochMs", () => {
  it.each([
    [1_584_523_325, "seconds", 1_584_523_325_000],
    ["1584523325", "seconds", 1_584_523_325_000],
    [1_584_523_325.25, "seconds", 1_584_523_325_250],
    [1_584_523_325_123, "milliseconds", 1_584_523_325_123],
    ["1584523325123", "milliseconds", 1_584_523_325_123],
    [253_402_300_799, "seconds", 253_402_300_799_000],
  ] as const)("reads %j %s", (value, unit, expected) => {
    expect(readEpochMs(value, unit)).toBe(expected);
  });

  it.each([
    ["", "seconds"],
    [null, "seconds"],
    [undefined, "milliseconds"],
    [0, "seconds"],
    ["0", "milliseconds"],
    [-1, "seconds"],
    [0.0004, "seconds"],
    [0.9, "milliseconds"],
    [1, "seconds"],
    [1_584_523_325, "milliseconds"],
    [253_402_300_800, "seconds"],
    [1_584_523_325_123, "seconds"],
    ["2020-03-18", "seconds"],
    ["9".repeat(400), "seconds"],
    [Number.NaN, "seconds"],
    [{}, "seconds"],
  ] as const)("does not make an instant of %j %s: never 1970, never beyond what can be written", (value, unit) => {
    expect(readEpochMs(value, unit)).toBeNull();
  });

  it("answers an instant that can be written, or null", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.double()), fc.constantFrom("seconds", "milliseconds"), (value, unit) => {
        const at = readEpochMs(value, unit);
        if (at !== null) expect(new Date(at).toISOString()).not.toMatch(/^1970|^\+/);
      }),
    );
  });
});

describe("readWebUrl", () => {
  it.each(["https://host.test/a?b=c#d", "http://127.0.0.1:8080/", "HTTPS://HOST.test"])("takes %s", (url) => {
    expect(readWebUrl(url)).toBe(url);
  });

  it.each([
    "",
    " ",
    "/relative",
    "host.test",
    "javascript:alert(1)",
    "ftp://host.test",
    "https://",
    "https://a b",
    "data:text/html,x",
  ])("does not take %j", (text) => {
    expect(readWebUrl(text)).toBeNull();
  });
});
