import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorOf, parse, problemsOf, smallest, withAccountKeys } from "./parsing.ts";

const planted = "pl4nted-s3cret";
const environment = { PLANTED: planted };

describe("ConfigError, when a secret stands in the wrong place", () => {
  it.each([
    ["where a port is expected", `${smallest}server: { port: "\${PLANTED}" }\n`],
    ["where a path is expected", `${smallest}server: { path: "\${PLANTED} x" }\n`],
    ["where true or false is expected", `${smallest}server: { graphiql: "\${PLANTED}" }\n`],
    ["where a list is expected", `${smallest}server: { routerSecrets: "\${PLANTED}" }\n`],
    ["where a limit is expected", `${smallest}limits: { deadlineMs: "\${PLANTED}" }\n`],
    ["where Redis is expected", `${smallest}cache: { redisUrl: "\${PLANTED}" }\n`],
    [
      "where Redis is expected, in an address of another kind",
      `${smallest}cache: { redisUrl: "http://u:\${PLANTED}@h" }\n`,
    ],
    ["where a section is expected", `${smallest}server: "\${PLANTED}"\n`],
    ["where an account is expected", `${smallest}  other: "\${PLANTED}"\n`],
    ["where a provider is expected", smallest.replace("eiotclub", `"\${PLANTED}"`)],
    ["where an address is expected", smallest.replace("https://sim.test", `"\${PLANTED}"`)],
    ["in an address of another kind", smallest.replace("https://sim.test", `"ftp://u:\${PLANTED}@h"`)],
    ["where codes are expected", withAccountKeys(`successCodes: "\${PLANTED}"`)],
    ["where a limit of the account is expected", withAccountKeys(`maxIdsPerCall: "\${PLANTED}"`)],
    ["where a former name is expected", withAccountKeys(`aliases: ["\${PLANTED}"`, `  , "\${PLANTED}"]`)],
    ["where a former name is expected, in capitals", withAccountKeys(`aliases: ["A\${PLANTED}"]`)],
    ["where rates are expected", withAccountKeys(`rateLimit: "\${PLANTED}"`)],
    ["where a status is expected", withAccountKeys(`statusOverrides: { a: { status: "\${PLANTED}" } }`)],
    ["under an unknown key", withAccountKeys(`sekret: "\${PLANTED}"`)],
    ["in a text with a variable that is missing", withAccountKeys(`timeoutMs: "\${PLANTED}\${MISSING}"`)],
    ["in a file's path", withAccountKeys(`timeoutMs: "\${file:/nowhere}\${PLANTED}"`)],
  ])("does not show it: %s", (_where, text) => {
    const error = errorOf(text, environment);

    expect(error).not.toBeNull();
    expect(`${error?.message}${error?.stack}${JSON.stringify(error?.problems)}`).not.toContain(planted);
  });

  it("does not show it when it is given as PORT", () => {
    expect(errorOf(smallest, { PORT: planted })?.message).not.toContain(planted);
  });

  it.each([
    "*",
    "&",
    "!",
    "!!",
    "|",
    ">",
    "@",
    "`",
    "%",
    '"',
    "'",
    "{",
    "[",
    "]",
    "}",
    "? ",
    "- ",
    ": ",
    '"\\',
    '"\\x',
    "!<",
    "|+",
    "- - ",
  ])("does not show it when it stands unquoted behind %j, which means something in YAML", (prefix) => {
    const inBlock = smallest.replace("correct-horse", `${prefix}${planted}`);
    const inFlow = `${smallest}server: { routerSecrets: [${prefix}${planted}] }\n`;

    for (const text of [inBlock, inFlow]) expect(errorOf(text)?.message ?? "").not.toContain(planted);
  });

  it("does not show it however the file around it is broken", () => {
    const broken = fc.tuple(fc.nat(smallest.length), fc.nat(8), fc.string({ maxLength: 6 }));

    fc.assert(
      fc.property(broken, fc.constantFrom("", "*", "!", "|", '"', "%"), ([at, cut, inserted], prefix) => {
        const text = smallest.replace("correct-horse", `${prefix}${planted}`);
        const mutilated = text.slice(0, at) + inserted + text.slice(at + cut);
        fc.pre(mutilated.includes(`: ${prefix}${planted}`));
        expect(errorOf(mutilated)?.message ?? "").not.toContain(planted);
      }),
      { numRuns: 500 },
    );
  });

  it("does not show what it read from a file", () => {
    const text = withAccountKeys(`timeoutMs: "\${file:/run/secret}"`);

    expect(errorOf(text, {}, { "/run/secret": planted })?.message).not.toContain(planted);
  });
});

describe("parseConfigText, and placeholders", () => {
  const secretOf = (...given: Parameters<typeof parse>): unknown => parse(...given).accounts[0]?.options.baseUrl;
  const withUrl = (url: string): string => smallest.replace("https://sim.test", () => JSON.stringify(url));

  it("puts a variable into a text", () => {
    expect(secretOf(withUrl(`https://\${HOST}.test/\${PATH_1}`), { HOST: "a", PATH_1: "b" })).toBe("https://a.test/b");
  });

  it("puts a file's trimmed content into a text", () => {
    expect(secretOf(withUrl(`https://\${file:/run/host}.test`), {}, { "/run/host": "\n a \n" })).toBe("https://a.test");
  });

  it("does not look for placeholders in what it has put in", () => {
    expect(secretOf(withUrl(`https://h.test/\${ONE}`), { ONE: `\${TWO}`, TWO: "x" })).toBe(`https://h.test/\${TWO}`);
  });

  it("takes dollar signs of a value as they are", () => {
    expect(secretOf(withUrl(`https://h.test/\${ONE}`), { ONE: "$&$1$$" })).toBe("https://h.test/$&$1$$");
  });

  it("leaves other dollar signs alone", () => {
    expect(secretOf(withUrl("https://h.test/$ONE/$$"), { ONE: "x" })).toBe("https://h.test/$ONE/$$");
  });

  it.each([
    ["a variable", `\${MISSING}`, "environment variable MISSING is not set"],
    ["a file", `\${file:/run/missing}`, "file /run/missing cannot be read"],
  ])("names the place of %s that is missing", (_what, placeholder, message) => {
    const problems = problemsOf(withUrl(placeholder));

    expect(problems).toContainEqual({ path: "accounts.sim.baseUrl", message });
  });

  it.each([`\${HW-SK}`, `\${}`, `\${file:}`, `\${1st}`, `\${ SK }`, `\${SK:-default}`])(
    "does not take %s for a secret, because somebody meant a placeholder",
    (written) => {
      const problems = problemsOf(
        smallest.replace("correct-horse", () => JSON.stringify(written)),
        { SK: "x" },
      );

      expect(problems).toHaveLength(1);
      expect(problems[0]?.path).toBe("accounts.sim.secret");
      expect(problems[0]?.message).toContain("placeholder");
    },
  );

  it("reports each of several missing ones in a text", () => {
    const problems = problemsOf(withUrl(`https://\${ONE}.test/\${TWO}`));

    expect(problems.map(({ message }) => message)).toEqual(
      expect.arrayContaining(["environment variable ONE is not set", "environment variable TWO is not set"]),
    );
  });

  it("takes a variable that is set to nothing for given, and an empty secret for a problem", () => {
    expect(problemsOf(smallest.replace("correct-horse", `"\${EMPTY}"`), { EMPTY: "" })).toMatchObject([
      { path: "accounts.sim.secret" },
    ]);
  });

  it("does not take the environment's prototype for variables", () => {
    expect(problemsOf(smallest.replace("correct-horse", `"\${constructor}"`))).toMatchObject([
      { path: "accounts.sim.secret", message: "environment variable constructor is not set" },
    ]);
  });
});
