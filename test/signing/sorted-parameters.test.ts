import { describe, expect, it } from "vitest";
import { type SortedParametersScheme, signSortedParameters } from "../../src/signing/sorted-parameters.ts";
import eiotclub from "../vectors/eiotclub-sign.json" with { type: "json" };

const scheme: SortedParametersScheme = {
  secretJoiner: "&secret=",
  digest: "sha1",
  letterCase: "upper",
  dropsEmpty: true,
};

describe("signSortedParameters", () => {
  it.each(eiotclub.vectors)("agrees with the vector $name", ({ input, expected }) => {
    const sign = signSortedParameters(input.parameters, input.secret, scheme);

    expect(sign).toBe(expected.sign);
  });

  it.each([
    ["number or text", { nonce: 24523 }, { nonce: "24523" }],
    ["true as 1", { flag: true }, { flag: 1 }],
    ["false as 0", { flag: false }, { flag: 0 }],
    ["nested values as JSON", { filter: { a: [1] } }, { filter: '{"a":[1]}' }],
    ["any order of keys", { b: 1, a: 2 }, { a: 2, b: 1 }],
    ["null left out", { a: 1, b: null }, { a: 1 }],
    ["an empty text left out", { a: 1, b: "" }, { a: 1 }],
    ["an empty list left out", { a: 1, b: [] }, { a: 1 }],
  ])("signs %s alike", (_title, left, right) => {
    expect(signSortedParameters(left, "s", scheme)).toBe(signSortedParameters(right, "s", scheme));
  });

  it.each([
    ["zero is not empty", { a: 1, b: 0 }, { a: 1 }],
    ["false is not empty", { a: 1, b: false }, { a: 1 }],
    ["upper-case keys come first", { B: 1, a: 2 }, { b: 1, a: 2 }],
    ["commas stay as they are", { ids: "1,2" }, { ids: "1%2C2" }],
  ])("tells apart: %s", (_title, left, right) => {
    expect(signSortedParameters(left, "s", scheme)).not.toBe(signSortedParameters(right, "s", scheme));
  });

  it("keeps empty values when the scheme does", () => {
    const keeping = { ...scheme, dropsEmpty: false };

    expect(signSortedParameters({ a: 1, b: "" }, "s", keeping)).not.toBe(signSortedParameters({ a: 1 }, "s", keeping));
  });

  it.each([
    ["md5", "lower", /^[0-9a-f]{32}$/],
    ["sha256", "upper", /^[0-9A-F]{64}$/],
    ["sha1", "lower", /^[0-9a-f]{40}$/],
  ] as const)("writes %s in %s case", (digest, letterCase, form) => {
    expect(signSortedParameters({ a: 1 }, "s", { ...scheme, digest, letterCase })).toMatch(form);
  });
});
