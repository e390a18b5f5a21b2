import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalizeSopsTask, readSopsPlace } from "../../../src/providers/bk-sops/normalize.ts";
import { createSopsMeanings } from "../../../src/providers/bk-sops/status.ts";
import { readSopsTime } from "../../../src/providers/bk-sops/wire.ts";
import type { StatusOverride } from "../../../src/tasks/status-table.ts";

function normalize(
  state: string,
  row: Record<string, unknown> = {},
  status: Record<string, unknown> = {},
  overrides: Record<string, StatusOverride> = {},
) {
  const reading = { place: readSopsPlace("2"), meanings: createSopsMeanings(overrides), withChildren: false };
  return normalizeSopsTask({ id: 1, name: "deploy", ...row }, { state, ...status }, state, reading);
}

const finished = { finish_time: "2020-03-18 17:22:46 +0800" };

describe("normalizeSopsTask status", () => {
  it.each([
    ["CREATED", "PENDING", false, false],
    ["READY", "PENDING", false, false],
    ["RUNNING", "RUNNING", false, false],
    ["LOOP_READY", "RUNNING", false, false],
    ["SUSPENDED", "PAUSED", false, true],
    ["NODE_SUSPENDED", "PAUSED", false, true],
    ["PENDING_APPROVAL", "WAITING", false, true],
    ["PENDING_CONFIRMATION", "WAITING", false, true],
    ["PENDING_PROCESSING", "WAITING", false, true],
    ["PENDING_CONTINUE", "WAITING", false, true],
    ["BLOCKED", "WAITING", false, true],
    ["FAILED", "FAILED", false, true],
    ["FINISHED", "SUCCEEDED", true, false],
    ["REVOKED", "CANCELED", true, false],
    ["EXPIRED", "EXPIRED", true, false],
    ["ROLLING_BACK", "RUNNING", false, true],
    ["ROLL_BACK_SUCCESS", "WAITING", false, true],
    ["ROLL_BACK_FAILED", "FAILED", false, true],
  ])("reads %s as %s, with labels", (raw, status, isTerminal, needsAttention) => {
    const state = normalize(raw);

    expect(state).toMatchObject({ status, isTerminal, needsAttention, rawStatus: { value: raw, inferred: false } });
    expect(state.rawStatus.labels?.en).toMatch(/\w/);
    expect(state.rawStatus.labels?.["zh-CN"]).toMatch(/\p{Script=Han}/u);
  });

  it.each(["DONE", "任务", "FAILED!", "__proto__", "constructor"])("takes %s for nothing it knows", (raw) => {
    expect(normalize(raw)).toMatchObject({
      status: "UNKNOWN",
      isTerminal: false,
      needsAttention: true,
      rawStatus: { value: raw, labels: null },
    });
  });

  it("folds case and blanks", () => {
    expect(normalize(" finished ").status).toBe("SUCCEEDED");
  });

  it("ends a failed task by its item's finish time, and by nothing else", () => {
    const ended = normalize("FAILED", finished);
    const open = normalize("FAILED", { finish_time: "" }, finished);

    expect(ended).toMatchObject({ status: "FAILED", isTerminal: true, failure: { recoverable: false } });
    expect(open).toMatchObject({
      status: "FAILED",
      isTerminal: false,
      failure: { recoverable: true },
      finishedAt: null,
    });
  });

  it.each(["RUNNING", "SUSPENDED", "ROLL_BACK_FAILED", "ODD"])("does not end %s by a finish time", (raw) => {
    expect(normalize(raw, finished).isTerminal).toBe(false);
  });

  it("gives no failure text and invents none", () => {
    expect(normalize("FAILED").failure).toEqual({ code: null, message: null, recoverable: true });
    expect(normalize("REVOKED").failure).toBeNull();
  });

  it("lets an account read a value its own way, finish time or not", () => {
    const overrides = { failed: { status: "ENDED", isTerminal: true, needsAttention: false } } as const;

    expect(normalize("FAILED", {}, {}, overrides)).toMatchObject({ status: "ENDED", isTerminal: true });
    expect(normalize("FAILED", finished, {}, overrides)).toMatchObject({ status: "ENDED", isTerminal: true });
  });
});

describe("normalizeSopsTask fields", () => {
  it("takes times from the item and the missing ones from the status", () => {
    const row = { create_time: "2020-03-18 17:21:24 +0800", start_time: "2020-03-18 17:22:04 +0800" };
    const status = { start_time: "2020-03-18 17:22:05 +0800", ...finished };

    expect(normalize("FINISHED", row, status)).toMatchObject({
      createdAt: Date.parse("2020-03-18T09:21:24Z"),
      startedAt: Date.parse("2020-03-18T09:22:04Z"),
      finishedAt: Date.parse("2020-03-18T09:22:46Z"),
    });
  });

  it("names the task and its root after the item, since started and unstarted tasks share names in the status", () => {
    const state = normalize("CREATED", { name: "mine" }, { name: "another's", error_ignorable: true });

    expect(state.name).toBe("mine");
    expect(state.rootNode).toMatchObject({ name: "mine", errorIgnorable: null, nodeId: null, depth: 0 });
  });

  it("reads the optional keys of newer servers, and does without them", () => {
    const newer = normalize("FINISHED", { flow_type: "common", current_flow: "finished", is_deleted: true });
    const older = normalize("FINISHED");

    expect(newer).toMatchObject({ flowType: "common", currentStep: "finished", isDeleted: true });
    expect(older).toMatchObject({ flowType: null, currentStep: null, isDeleted: null });
  });

  it.each([
    ["https://bk.example.com/taskflow/1", "https://bk.example.com/taskflow/1"],
    ["url", null],
    ["javascript:alert(1)", null],
    ["", null],
  ])("links to %j as %j", (url, webUrl) => {
    expect(normalize("RUNNING", { url }).webUrl).toBe(webUrl);
  });

  it.each([
    [41, 41],
    ["41", 41],
    [0, 0],
    [-1, null],
    [null, null],
    [1.5, null],
  ])("reads elapsed_time %j as %j", (elapsed_time, elapsedSeconds) => {
    expect(normalize("RUNNING", {}, { elapsed_time }).elapsedSeconds).toBe(elapsedSeconds);
  });

  it("has no progress: the API gives no figure", () => {
    expect(normalize("RUNNING").progress).toBeNull();
  });
});

describe("readSopsTime", () => {
  it.each([
    ["2020-03-18 17:22:05 +0800", "2020-03-18T09:22:05Z"],
    ["2020-03-18 17:22:05 -0330", "2020-03-18T20:52:05Z"],
    ["2020-03-18 17:22:05 +00:00", "2020-03-18T17:22:05Z"],
    ["2020-03-18T17:22:05Z", "2020-03-18T17:22:05Z"],
    ["2020-02-29 23:59:59 +0000", "2020-02-29T23:59:59Z"],
    ["9999-12-31 23:59:59 +0000", "9999-12-31T23:59:59Z"],
    [" 2020-03-18 17:22:05 +0800 ", "2020-03-18T09:22:05Z"],
  ])("reads %j", (text, instant) => {
    expect(readSopsTime(text)).toBe(Date.parse(instant));
  });

  it.each([
    "",
    null,
    undefined,
    0,
    1584523325,
    "0",
    "never",
    "2020-03-18 17:22:05",
    "2020-02-30 17:22:05 +0800",
    "2020-13-18 17:22:05 +0800",
    "2020-03-18 25:22:05 +0800",
    "1970-01-01 00:00:00 +0000",
    "0000-00-00 00:00:00 +0000",
    "2020-03-18 17:22:05 +9999",
    "9999-12-31 23:59:59 -0800",
    {},
  ])("takes %j for no time", (value) => {
    expect(readSopsTime(value)).toBeNull();
  });

  it.each([
    "1969-12-31 23:59:59 -0800",
    "0099-03-18 17:22:05 +0800",
    "2020-03-18 24:00:00 +0800",
    "2020-03-18 17:60:05 +0800",
    "2020-03-18 17:22:60 +0800",
    "2020-00-18 17:22:05 +0800",
    "2020-03-00 17:22:05 +0800",
    "2021-02-29 17:22:05 +0800",
    "2020-04-31 17:22:05 +0800",
    "2020-03-18 17:22:05 +2400",
    "2020-03-18 17:22:05 +0860",
    "2020-03-18 17:22:05 +0800 CST",
    "2020-03-18 17:22:05+",
    "12020-03-18 17:22:05 +0800",
  ])("takes %j, which no clock shows, for no time", (value) => {
    expect(readSopsTime(value)).toBeNull();
  });

  it("reads every form as Date does", () => {
    const number = (max: number, length = 2) => fc.nat(max).map((value) => String(value).padStart(length, "0"));
    const year = fc
      .oneof(fc.integer({ min: 1968, max: 2040 }), fc.nat(9999))
      .map((value) => `${value}`.padStart(4, "0"));
    const date = fc.tuple(year, number(13), number(32)).map((parts) => parts.join("-"));
    const time = fc.tuple(number(25), number(61), number(61)).map((parts) => parts.join(":"));
    const fraction = fc.constantFrom("", "", ".5", ".123456");
    const offset = fc.oneof(
      fc.constant("Z"),
      fc
        .tuple(fc.constantFrom("+", "-"), number(25), fc.constantFrom("", ":"), number(61))
        .map((parts) => parts.join("")),
    );

    fc.assert(
      fc.property(date, fc.constantFrom(" ", "T"), time, fraction, fc.constantFrom("", " "), offset, (...parts) => {
        expect(readSopsTime(parts.join(""))).toBe(readByDate(parts.join("")));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Leaves what a date is to `Date`. */
function readByDate(text: string): number | null {
  const [, date, time, hours = "+00", minutes = "00"] =
    /^(\S{10}).(\d\d:\d\d:\d\d)(?:\.\d+)? ?(?:Z|([+-]\d\d):?(\d\d))$/.exec(text) ?? [];
  const local = new Date(`${date}T${time}Z`);
  const isMoved = Number.isNaN(local.getTime()) || local.toISOString() !== `${date}T${time}.000Z`;
  const at = isMoved ? Number.NaN : Date.parse(`${date}T${time}${hours}:${minutes}`);
  return at >= Date.UTC(1971, 0) && at <= Date.UTC(9999, 11, 31, 23, 59, 59, 999) ? at : null;
}
