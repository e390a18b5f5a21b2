import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../src/http/parse-json.ts";

describe("parseJson", () => {
  it.each([
    ["alone", "9007199254740993", "9007199254740993"],
    ["with spaces around it", " \n9007199254740993\t", "9007199254740993"],
    ["as a value", '{"id":9007199254740993}', { id: "9007199254740993" }],
    ["behind a space", '{"id": 9007199254740993 }', { id: "9007199254740993" }],
    ["behind a line break", '{"id":\r\n9007199254740993}', { id: "9007199254740993" }],
    ["negative", '{"id":-9007199254740993}', { id: "-9007199254740993" }],
    ["first in a list", "[9007199254740993]", ["9007199254740993"]],
    ["later in a list", "[1,9007199254740993,2]", [1, "9007199254740993", 2]],
    ["deep down", '{"a":[{"b":[[18446744073709551615]]}]}', { a: [{ b: [["18446744073709551615"]] }] }],
    ["just above the last safe one", "[9007199254740991,9007199254740992]", [9007199254740991, "9007199254740992"]],
    ["of 40 digits", `{"id":${"1234567890".repeat(4)}}`, { id: "1234567890".repeat(4) }],
    ["under a name of the prototype", '{"constructor":9007199254740993}', { constructor: "9007199254740993" }],
  ])("keeps the digits of a whole number that a double cannot hold: %s", (_where, text, expected) => {
    expect(parseJson(text)).toEqual(expected);
  });

  it.each([
    ["digits inside a text", '{"id":"9007199254740993","n":1}'],
    ["digits inside a text behind a comma", '["a,9007199254740993"]'],
    ["digits inside a text behind a quote and a colon", '["\\":9007199254740993"]'],
    ["a fraction of many digits", "[0.1234567890123456789]"],
    ["a large number with a fraction", "[12345678901234567.5]"],
    ["a number with an exponent", "[1e20,1E+300,12345678901234567890e1]"],
    ["a number beyond all doubles", "[1e999,9007199254740993e400]"],
    ["minus zero", "[-0]"],
    ["safe numbers", "[9007199254740991,-9007199254740991,0]"],
    ["nothing much", "null"],
  ])("reads %s as JSON.parse does", (_what, text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it("keeps digits however deep they stand", () => {
    let value = parseJson(`${"[".repeat(50_000)}9007199254740993${"]".repeat(50_000)}`);

    while (Array.isArray(value)) [value] = value;
    expect(value).toBe("9007199254740993");
  });

  it("looks at no place of a text without an end twice", () => {
    expect(parseJson(`"${'\\"'.repeat(1_000_000)}9007199254740993`)).toBeUndefined();
  });

  it("looks at no digit of a long text of digits twice", () => {
    const digits = "1".repeat(4_000_000);

    expect(parseJson(`["${digits}",9007199254740993]`)).toEqual([digits, "9007199254740993"]);
  });

  it.each([
    "",
    " ",
    "{",
    "<html>502</html>",
    '{"a":1',
    '{"id":9007199254740993',
    "undefined",
    "NaN",
    "{'a':1}",
    "[1,]",
    '{"a":1}{"b":2}',
    "0123",
    '"\u0001"',
    `${"[".repeat(200_000)}9007199254740993`,
  ])("answers undefined to what is not JSON (case %#)", (text) => {
    expect(parseJson(text)).toBeUndefined();
  });

  it("does not let an answer reach a prototype", () => {
    const value = parseJson('{"__proto__":{"polluted":9007199254740993},"id":9007199254740993}');

    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect({}).not.toHaveProperty("polluted");
  });

  it("is JSON.parse for every value that a double can hold", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        fc.pre(!/\d{16,}/.test(text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "").replaceAll(/\.\d+/g, "")));
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("keeps the digits of any unsafe whole number, wherever it stands", () => {
    const digits = fc.bigInt({ min: 2n ** 53n, max: 2n ** 130n }).chain((size) => fc.constantFrom(size, -size));
    const around = fc.constantFrom<(text: string) => string>(
      (text) => `[${text}]`,
      (text) => `[0,\n\t${text} ,0]`,
      (text) => `{"a":${text}}`,
      (text) => `{"a" : {"b":[ ${text}]}}`,
    );

    fc.assert(
      fc.property(digits, around, (number, wrap) => {
        expect(JSON.stringify(parseJson(wrap(String(number))))).toContain(`"${number}"`);
      }),
    );
  });

  it("finds long digits at any place, beside any others", () => {
    const digits = fc.string({ unit: fc.constantFrom("1", "8", "9"), minLength: 1, maxLength: 36 });
    const gap = fc.string({ unit: fc.constantFrom(" ", "\n"), maxLength: 33 });
    const item = fc.oneof(
      digits,
      digits.map((text) => `-${text}`),
      digits.map((text) => `0.${text}`),
      digits.map((text) => JSON.stringify(`x${text}"`)),
      digits.map((text) => JSON.stringify(`${text}, ${text}`)),
      fc.constantFrom('"a"', "{}", "12:", "é1234567890123456"),
    );

    fc.assert(
      fc.property(fc.array(fc.tuple(gap, item, gap)), (items) => {
        const text = `[${items.map((parts) => parts.join("")).join()}]`;
        expect(parseJson(text)).toEqual(parseWithQuotedIntegers(text));
      }),
    );
  });
});

/** Looks for long integers in every text. */
function parseWithQuotedIntegers(text: string): unknown {
  const quoted = text.replace(/"(?:[^"\\]|\\.)*"|[-+.\deE]+/g, (token) =>
    /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  );
  try {
    return JSON.parse(quoted);
  } catch {
    return undefined;
  }
}
