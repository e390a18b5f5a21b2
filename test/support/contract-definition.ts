import { inspect } from "node:util";
import fc from "fast-check";
import { isEnumType } from "graphql";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import type { Provider } from "../../src/providers/provider.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { parsedId, secretTexts } from "./contract-account.ts";
import { listOfConnection, schemaTypes, typeOfTask } from "./state-shape.ts";

/** What a provider says of itself before it is asked anything. */
export function testDefinition(provider: Provider, sandbox: Sandbox): void {
  describe("in the schema", () => testSchema(provider));
  describe("reads and facets", () => testReads(provider));
  describe("ids", () => testIds(provider, sandbox));
  const accounts = Object.entries(sandbox.accounts()).filter(([, { provider: id }]) => id === provider.id);
  describe.each(accounts)("configuration of an account like %s", (_name, entry) => testAccountSchema(provider, entry));
}

function testSchema(provider: Provider): void {
  const file = `schema/providers/${provider.id}.graphql`;

  it("is a value of BatchTaskProvider", () => {
    const values = schemaTypes.getType("BatchTaskProvider");

    const value = isEnumType(values) ? values.getValue(provider.provider) : undefined;
    expect(value, `${file} must extend the enum BatchTaskProvider by ${provider.provider}`).toBeTruthy();
  });

  it("has a type that is a BatchTask, with id as its key", () => {
    const type = typeOfTask(provider);

    expect(type.getInterfaces().map(String), `${file}: ${type} implements BatchTask`).toContain("BatchTask");
    const keys = (type.astNode?.directives ?? []).filter(({ name }) => name.value === "key");
    const fields = keys.flatMap(({ arguments: given = [] }) => given.map(({ value }) => inspect(value, { depth: 1 })));
    expect(keys, `${file}: ${type} needs @key(fields: "id"), and no other`).toHaveLength(1);
    expect(fields.join(), `${file}: the key of ${type} is "id"`).toContain("value: 'id'");
  });

  it("has limits that make sense", () => {
    const { attemptTimeoutMs, startConcurrency, pollFloorSeconds, pollCapSeconds } = provider.limits;

    for (const limit of Object.values(provider.limits)) expect(limit).toBeGreaterThan(0);
    expect(pollCapSeconds).toBeGreaterThanOrEqual(pollFloorSeconds);
    expect(Number.isInteger(startConcurrency)).toBe(true);
    expect(attemptTimeoutMs, "an attempt fits into an operation").toBeLessThan(8_000);
  });
}

function testReads(provider: Provider): void {
  const { reads, facets, pagedLists } = provider;
  const fieldsOf = () => typeOfTask(provider).getFields();

  it("have names of their own, and limits", () => {
    const names = reads.map(({ name }) => name);

    expect(new Set(names).size, `two reads have one name: ${names}`).toBe(names.length);
    for (const { maxIdsPerCall } of reads) expect(maxIdsPerCall).toSatisfy(Number.isInteger);
    for (const { maxIdsPerCall } of reads) expect(maxIdsPerCall).toBeGreaterThan(0);
  });

  it("bring every facet, and none that is unknown", () => {
    const brought = new Set(reads.flatMap(({ brings }) => brings));

    expect([...brought].sort(), "what the reads bring is what `facets` lists").toEqual(Object.keys(facets).sort());
  });

  it.each(Object.entries(facets))("bring with %s fields of the type that cost more than the status", (_, fields) => {
    const free = ["id", "provider", "account", "upstreamId", "status", "isTerminal", "needsAttention", "rawStatus"];

    expect(fields, "a facet without fields is never asked for").not.toHaveLength(0);
    for (const field of fields) expect(Object.keys(fieldsOf()), `${field} of \`facets\``).toContain(field);
    for (const field of fields) expect(free, `${field} comes with every read`).not.toContain(field);
  });

  it("page through lists that the type shows as connections", () => {
    for (const field of Object.keys(pagedLists)) {
      const definition = fieldsOf()[field];

      expect(definition, `${provider.typename} has no field "${field}" of \`pagedLists\``).toBeDefined();
      const argumentNames = definition?.args.map(({ name }) => name);
      expect(argumentNames, `${field} pages by "first" and "after"`).toEqual(
        expect.arrayContaining(["first", "after"]),
      );
      expect(() => definition && listOfConnection(definition.type)).not.toThrow();
    }
  });
}

/** What an id may consist of, so that it can stand in a path, a query and a comma-separated list alike. */
const segment = "(?!\\.{1,2}(?:/|$))[0-9A-Za-z_.~-]+";
const harmlessId = new RegExp(`^${segment}(?:/${segment})*$`);
const harmlessLocalId = new RegExp(`^${segment}$`);

/** `<account>:` takes up to 64 of the 256 bytes of an id. */
const longestUpstreamId = 192;

function testIds(provider: Provider, sandbox: Sandbox): void {
  const examples = sandbox
    .upstream(provider.id)
    .tasks()
    .map(({ upstreamId }) => upstreamId);
  const [example = ""] = examples;

  it("of the sandbox's tasks are read, and are canonical as they are written", () => {
    for (const id of examples) expect(parsedId(provider, id).upstreamId).toBe(id);
  });

  it("are found well-formed in probeId, which names no task", () => {
    const probe = provider.parseUpstreamId(provider.probeId);

    expect(probe?.upstreamId, "probeId must keep the grammar of parseUpstreamId, in its canonical form").toBe(
      provider.probeId,
    );
    expect(examples, "probeId must be an id that no task is likely to have").not.toContain(provider.probeId);
  });

  it.each([
    ["nothing", ""],
    ["a space", " "],
    ["an id and another after a comma", `${example},${example}`],
    ["an id and a comma", `${example},`],
    ["an id and two dots", `${example}/..`],
    ["an id that leaves its path", `${example}/../${example}`],
    ["a path before an id", `../${example}`],
    ["a slash before an id", `/${example}`],
    ["a slash after an id", `${example}/`],
    ["two dots", ".."],
    ["dots in percent-encoding", `%2e%2e/${example}`],
    ["a space before an id", ` ${example}`],
    ["a space after an id", `${example} `],
    ["a line break after an id", `${example}\n`],
    ["a carriage return before an id", `\r\n${example}`],
    ["a tabulator inside an id", `${example.slice(0, 3)}\t${example.slice(3)}`],
    ["a null character", `${example}\0`],
    ["a delete character", `${example}\x7f`],
    ["a further parameter", `${example}&x=1`],
    ["a query", `${example}?x=1`],
    ["a fragment", `${example}#x`],
    ["a quote", `${example}"`],
    ["a backslash", `${example}\\`],
    ["a colon", `a:${example}`],
    ["full-width digits", "１２３"],
    ["300 digits", "1".repeat(300)],
    ["300 letters", "a".repeat(300)],
    ["an id made longer to 300 bytes", example.padEnd(300, "0")],
  ])("are not %s", (_what, text) => {
    expect(provider.parseUpstreamId(text), `parseUpstreamId must refuse ${JSON.stringify(text)}`).toBeNull();
  });

  it("that are accepted mean themselves when they are read again, and can leave no path, query or list", () => {
    fc.assert(
      fc.property(almostIds(examples), (text) => {
        const parsed = provider.parseUpstreamId(text);
        if (!parsed) return;

        expect(provider.parseUpstreamId(parsed.upstreamId), "canonical ids stay as they are").toEqual(parsed);
        expect(parsed.upstreamId).toMatch(harmlessId);
        expect(parsed.localId).toMatch(harmlessLocalId);
        expect(Buffer.byteLength(parsed.upstreamId)).toBeLessThanOrEqual(longestUpstreamId);
      }),
      { numRuns: 500 },
    );
  });
}

/** Any text, and ids with something changed in them, of which a grammar accepts some. */
function almostIds(examples: readonly string[]): fc.Arbitrary<string> {
  const example = fc.constantFrom(...examples);
  const piece = fc.oneof(
    fc.string({ unit: "binary", maxLength: 3 }),
    fc.string({ unit: "grapheme-ascii", maxLength: 3 }),
  );
  const changed = fc
    .tuple(example, fc.nat(40), fc.nat(3), piece)
    .map(([id, at, dropped, inserted]) => id.slice(0, at) + inserted + id.slice(at + dropped));
  const otherCase = example.map((id) => id.toUpperCase());
  const digits = fc.stringMatching(/^[0-9]{1,30}$/);
  const longWord = fc.stringMatching(/^[0-9A-Za-z_.~-]{1,300}$/);
  return fc.oneof(fc.string({ unit: "binary" }), example, changed, changed, otherCase, digits, longWord);
}

/** Keys whose values must never be shown. */
const secretKey = /(?:secret|secretKey|password|token)$/i;

function testAccountSchema(provider: Provider, entry: Readonly<Record<string, unknown>>): void {
  const parse = (value: unknown): z.ZodSafeParseResult<unknown> => provider.accountSchema.safeParse(value);
  const problemsOf = (value: unknown): string =>
    (parse(value).error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");

  it("is accepted", () => {
    expect(problemsOf(entry)).toBe("");
  });

  it.each([null, undefined, "text", 5, [], {}, { provider: provider.id }])("is refused when it is %j", (value) => {
    expect(problemsOf(value)).not.toBe("");
  });

  it("is refused with an unknown key, also inside its parts", () => {
    const unknownKey = "noSuchKey";
    const withUnknownKey = { ...entry, [unknownKey]: 1 };
    const message = "build accountSchema with z.strictObject, or a misspelt key is silently without effect";

    expect(problemsOf(withUnknownKey), message).toContain(unknownKey);
    for (const [key, part] of Object.entries(entry).filter(([, value]) => isPart(value))) {
      expect(problemsOf({ ...entry, [key]: { ...(part as object), [unknownKey]: 1 } }), message).toContain(unknownKey);
    }
  });

  it("is refused as another provider's", () => {
    expect(problemsOf({ ...entry, provider: "another" })).toContain("provider");
  });

  it.each(Object.keys(entry))("either does without %s, or says that it is missing", (key) => {
    const { [key]: _left, ...rest } = entry;

    const problems = problemsOf(rest);

    if (key === "provider" || key === "baseUrl") expect(problems).not.toBe("");
    if (problems !== "") expect(problems, `the problem must name the missing key ${key}`).toContain(key);
  });

  it("keeps its secrets where no log line, JSON or error text can show them", () => {
    const secrets = textsOf(entry).filter(([key]) => secretKey.test(key));
    const parsed = parse(entry).data;

    const shown = `${JSON.stringify(parsed)} ${inspect(parsed, { depth: null })} ${String(parsed)}`;

    const message = "is a secret: read it with `secretText`";
    expect(secretTexts(parsed), "an account has something to show who it is, and it is a Secret").not.toHaveLength(0);
    for (const [key, text] of secrets) expect(secretTexts(parsed), `${key} ${message}`).toContain(text);
    for (const text of secretTexts(parsed)) expect(shown).not.toContain(text);
  });

  it("names no secret when it is refused", () => {
    const secrets = textsOf(entry).filter(([key]) => secretKey.test(key));

    const problems = problemsOf({ ...entry, baseUrl: "no address", noSuchKey: 1 });

    for (const [, text] of secrets) expect(problems).not.toContain(text);
  });
}

function isPart(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** All texts of an entry with their keys, at any depth. */
function textsOf(value: unknown, key = ""): [key: string, text: string][] {
  if (typeof value === "string") return [[key, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => textsOf(part, name));
}
