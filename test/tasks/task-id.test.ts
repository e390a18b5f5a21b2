import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { providers } from "../../src/providers/registry.ts";
import { type AccountDirectory, isTaskReference, parseTaskId } from "../../src/tasks/task-id.ts";

const uuid = "0a324461-d9d9-45da-a52a-3b3c7a3d809e";
const drsId = "9a470239-2308-4bb5-a6bc-1040402fjb21";

const accounts: AccountDirectory = new Map([
  ["sim", accountOf("sim", "eiotclub")],
  ["old-sim", accountOf("sim", "eiotclub")],
  ["spark-prod", accountOf("spark-prod", "huawei-dli")],
  ["lark", accountOf("lark", "feishu-contact")],
  ["ops", accountOf("ops", "bk-sops")],
  ["drs-prod", accountOf("drs-prod", "huawei-drs")],
]);

describe("parseTaskId", () => {
  it.each([
    ["sim:884213", "EIOTCLUB", "EiotclubTask", "", "884213"],
    ["sim:_a-Z9", "EIOTCLUB", "EiotclubTask", "", "_a-Z9"],
    [`spark-prod:${uuid}`, "HUAWEI_DLI", "DliBatchJob", "", uuid],
    [
      "lark:0123456789abcdef0123456789abcdef",
      "FEISHU_CONTACT",
      "FeishuContactTask",
      "",
      "0123456789abcdef0123456789abcdef",
    ],
    ["ops:2/30000105", "BK_SOPS", "SopsTask", "2", "30000105"],
    ["ops:project-7/30000105", "BK_SOPS", "SopsTask", "project-7", "30000105"],
    [`drs-prod:${drsId}`, "HUAWEI_DRS", "DrsJob", "", drsId],
  ])("reads %s", (id, provider, typename, scope, localId) => {
    const account = id.slice(0, id.indexOf(":"));
    const upstreamId = id.slice(id.indexOf(":") + 1);

    const reference = parseTaskId(id, accounts);

    expect(reference).toEqual({ id, provider, typename, account, upstreamId, scope, localId });
  });

  it.each([
    [`spark-prod:${uuid.toUpperCase()}`, `spark-prod:${uuid}`],
    [`drs-prod:${drsId.toUpperCase()}`, `drs-prod:${drsId}`],
    ["old-sim:884213", "sim:884213"],
  ])("folds %s into its canonical form", (given, canonical) => {
    const reference = parseTaskId(given, accounts);

    expect(reference).toMatchObject({ id: canonical, upstreamId: canonical.slice(canonical.indexOf(":") + 1) });
  });

  it.each(["sim:AbC", "lark:AbC"])("keeps the letter case of %s, which its provider tells apart", (id) => {
    expect(parseTaskId(id, accounts)).toMatchObject({ id });
  });

  it("names the present account of an id that was written with a former name", () => {
    expect(parseTaskId("old-sim:1", accounts)).toMatchObject({ account: "sim" });
  });

  it.each([
    ["nothing", ""],
    ["no colon", "sim884213"],
    ["an empty account", ":884213"],
    ["an upper-case account", "Sim:884213"],
    ["an account that begins with a digit", "1sim:884213"],
    ["an account of 64 characters", `${"s".repeat(64)}:884213`],
    ["an account with an underscore", "si_m:884213"],
    ["a space before the account", " sim:884213"],
    ["a space behind the account", "sim :884213"],
    ["a line break behind the account", "sim\n:884213"],
    ["an empty upstream id", "sim:"],
    ["a comma", "sim:1,2"],
    ["a slash", "sim:1/2"],
    ["dots", "sim:.."],
    ["a climbing path", "spark-prod:../../v1.0/users"],
    ["a percent escape", "sim:%31"],
    ["a second colon", "sim:1:2"],
    ["a space in front", "sim: 884213"],
    ["a space at the end", "sim:884213 "],
    ["a line break at the end", "sim:884213\n"],
    ["a null character", "sim:884\u0000213"],
    ["a bell", "sim:\u0007884213"],
    ["letters of another alphabet", "sim:８８４"],
    ["65 characters for eIoTClub", `sim:${"1".repeat(65)}`],
    ["129 characters for Feishu", `lark:${"1".repeat(129)}`],
    ["257 bytes", `sim:${"1".repeat(253)}`],
    ["257 bytes of few characters", `sim:${"é".repeat(126)}1`],
    ["10 kB", `sim:${"1".repeat(10_000)}`],
    ["10 kB without a colon", "1".repeat(10_000)],
    ["10 kB of account", `${"s".repeat(10_000)}:1`],
    ["a UUID without hyphens", `spark-prod:${uuid.replaceAll("-", "")}`],
    ["a UUID that is one short", `spark-prod:${uuid.slice(1)}`],
    ["a UUID with one more", `spark-prod:${uuid}0`],
    ["a UUID with a letter that is not hex", `spark-prod:${uuid.replace("0a", "0g")}`],
    ["a UUID with a line break at the end", `spark-prod:${uuid}\n`],
    ["a DRS id of other groups", `drs-prod:${drsId.replace("-", "")}-`],
    ["a DRS id with a slash", `drs-prod:${drsId.replace("9a", "/a")}`],
    ["a bk-sops id without a business", "ops:30000105"],
    ["a bk-sops id with an empty business", "ops:/30000105"],
    ["a bk-sops id with an empty task", "ops:2/"],
    ["a bk-sops business with a leading zero", "ops:02/30000105"],
    ["a bk-sops task with a leading zero", "ops:2/030000105"],
    ["a bk-sops task that is not a number", "ops:2/3e7"],
    ["a negative bk-sops task", "ops:2/-5"],
    ["a bk-sops project in capitals", "ops:Project-7/30000105"],
    ["a bk-sops project without a number", "ops:project-/30000105"],
    ["a third part of a bk-sops id", "ops:2/3/4"],
  ])("refuses %s", (_what, text) => {
    const problem = parseTaskId(text, accounts);

    expect(problem).toMatchObject({ code: "INVALID_ID", retryable: false, upstreamCode: null, retryAfterAt: null });
  });

  it("tells an account that is not configured from an id that is not well-formed", () => {
    const problem = parseTaskId("elsewhere:884213", accounts);

    expect(problem).toMatchObject({ code: "UNKNOWN_ACCOUNT", retryable: false });
  });

  it.each(["constructor:1", "prototype:1", "tostring:1"])("finds no account in %s", (id) => {
    expect(parseTaskId(id, accounts)).toMatchObject({ code: "UNKNOWN_ACCOUNT" });
  });

  it("does not repeat a text that is not well-formed in its message", () => {
    const problem = parseTaskId("Pa55word-typed-here:1", accounts);

    expect(JSON.stringify(problem)).not.toContain("Pa55word");
  });

  it("answers any text with a problem, or with an id that it reads back to itself", () => {
    const names = fc.constantFrom("sim", "old-sim", "spark-prod", "lark", "ops", "drs-prod", "");
    const part = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[0-9A-Za-z_/-]{1,70}$/), fc.uuid());

    fc.assert(
      fc.property(names, part, (name, text) => {
        const reference = parseTaskId(`${name}:${text}`, accounts);
        if (!isTaskReference(reference)) return;
        expect(Buffer.byteLength(reference.id)).toBeLessThanOrEqual(256);
        expect(parseTaskId(reference.id, accounts)).toEqual(reference);
      }),
    );
  });
});

describe("isTaskReference", () => {
  it("tells a reference from a problem", () => {
    const [reference, problem] = [parseTaskId("sim:1", accounts), parseTaskId("sim", accounts)];

    expect([isTaskReference(reference), isTaskReference(problem)]).toEqual([true, false]);
  });
});

function accountOf(
  name: string,
  providerId: string,
): { name: string; grammar: NonNullable<ReturnType<typeof providers.get>> } {
  const grammar = providers.get(providerId);
  if (!grammar) throw new Error(`No provider ${providerId}`);
  return { name, grammar };
}
