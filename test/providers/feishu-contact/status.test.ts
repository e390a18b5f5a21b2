import { describe, expect, it } from "vitest";
import { normalizeFeishuTask } from "../../../src/providers/feishu-contact/normalize.ts";
import { createProgressMemory } from "../../../src/providers/feishu-contact/progress.ts";
import { createFeishuStatusReader } from "../../../src/providers/feishu-contact/status.ts";
import type { StatusOverride } from "../../../src/tasks/status-table.ts";

function normalize(data: Record<string, unknown>, overrides: Record<string, StatusOverride> = {}) {
  const reading = {
    taskId: "t1",
    statusReader: createFeishuStatusReader(overrides),
    progressMemory: createProgressMemory(),
    withItems: false,
  };
  return normalizeFeishuTask(data, String(data.status), reading);
}

const counters = (total_num: unknown, success_num: unknown, fail_num: unknown) => ({
  total_num,
  success_num,
  fail_num,
});
const ok = { code: 0, action: 1 };
const bad = { code: 10013, msg: "invalid user_id" };

describe("normalizeFeishuTask status", () => {
  it.each([
    [0, {}, "RUNNING", false, false],
    [1, {}, "RUNNING", false, false],
    [2, {}, "RUNNING", false, false],
    [3, {}, "RUNNING", false, false],
    [4, {}, "RUNNING", false, false],
    [5, {}, "RUNNING", false, false],
    [6, {}, "RUNNING", false, false],
    [7, { finish_time: 1565878523, ...counters(2, 2, 0) }, "RUNNING", false, false],
    [9, counters(2, 2, 0), "SUCCEEDED", true, false],
    [9, counters(2, 1, 1), "PARTIALLY_SUCCEEDED", true, true],
    [9, counters(2, 0, 2), "FAILED", true, true],
    [9, counters(0, 0, 0), "SUCCEEDED", true, false],
    [9, {}, "ENDED", true, false],
    [9, { task_info: [] }, "ENDED", true, false],
    [9, { task_info: [ok, ok] }, "SUCCEEDED", true, false],
    [9, { task_info: [ok, bad] }, "PARTIALLY_SUCCEEDED", true, true],
    [9, { task_info: [bad] }, "FAILED", true, true],
    [9, { total_num: 3, fail_num: 1 }, "PARTIALLY_SUCCEEDED", true, true],
    [9, { total_num: 3, fail_num: 3 }, "FAILED", true, true],
    [9, { total_num: 3, success_num: 3 }, "SUCCEEDED", true, false],
    [9, { success_num: 3 }, "ENDED", true, false],
    [10, counters(2, 2, 0), "FAILED", true, true],
    [11, {}, "FAILED", true, true],
    [12, counters(2, 2, 0), "UNKNOWN", false, true],
    [-1, {}, "UNKNOWN", false, true],
    [8.5, {}, "UNKNOWN", false, true],
    ["9", counters(2, 2, 0), "SUCCEEDED", true, false],
    [" 9 ", counters("2", "2", "0"), "SUCCEEDED", true, false],
    ["09", counters(2, 2, 0), "SUCCEEDED", true, false],
    ["running", {}, "UNKNOWN", false, true],
    ["99999999999999999999", {}, "UNKNOWN", false, true],
  ])("reads %j with %j as %s", (status, rest, expected, isTerminal, needsAttention) => {
    const state = normalize({ status, ...rest });

    expect(state).toMatchObject({ status: expected, isTerminal, needsAttention });
    expect(state.rawStatus).toMatchObject({ value: String(status), inferred: false });
  });

  it.each([
    ["all results", { finish_time: 1565878523, task_info: [ok, bad] }, "PARTIALLY_SUCCEEDED", true],
    ["full counters", { finish_time: 1565878523, ...counters(2, 2, 0) }, "SUCCEEDED", true],
    ["more counted than asked", { finish_time: 1565878523, ...counters(2, 0, 3) }, "FAILED", true],
    ["no finish time", { task_info: [ok, ok], ...counters(2, 2, 0) }, "RUNNING", false],
    ["finish time 0", { finish_time: 0, ...counters(2, 2, 0) }, "RUNNING", false],
    ["counters that fall short", { finish_time: 1565878523, ...counters(3, 1, 1) }, "RUNNING", false],
    ["no counters", { finish_time: 1565878523 }, "RUNNING", false],
    ["an empty list", { finish_time: 1565878523, task_info: [] }, "RUNNING", false],
  ])(
    "reads 8 with %s by the finished rule only when it is complete, and flags it then",
    (_title, rest, status, isTerminal) => {
      const state = normalize({ status: 8, ...rest });

      expect(state).toMatchObject({ status, isTerminal, rawStatus: { value: "8", inferred: isTerminal } });
    },
  );

  it("reads 9 with failures and no word of successes as partly succeeded, flagged, and needing attention", () => {
    const state = normalize({ status: 9, fail_num: 3 });

    expect(state).toMatchObject({ status: "PARTIALLY_SUCCEEDED", isTerminal: true, needsAttention: true });
    expect(state.rawStatus).toMatchObject({ value: "9", inferred: true });
    expect(state.progress).toMatchObject({ total: null, succeeded: null, failed: 3 });
  });

  it("does not stop at a number of millions of digits", () => {
    const startedAt = performance.now();

    const state = normalize({ status: "9".repeat(5_000_000) });

    expect(state.status).toBe("UNKNOWN");
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it("has a label in both languages for every documented value", () => {
    for (const status of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) {
      for (const rest of [{}, counters(2, 2, 0), counters(2, 1, 1), counters(2, 0, 2)]) {
        const { labels } = normalize({ status, ...rest }).rawStatus;

        expect(labels?.en, String(status)).toMatch(/\w/);
        expect(labels?.["zh-CN"], String(status)).toMatch(/\p{Script=Han}/u);
      }
    }
    expect(normalize({ status: 12 }).rawStatus.labels).toBeNull();
  });

  it.each(["constructor", "__proto__"])("gives no code to a failure with the status %j", (status) => {
    const failed = { status: "FAILED", isTerminal: true, needsAttention: true } as const;

    const { failure } = normalize({ status }, Object.fromEntries([[status, failed]]));

    expect(failure).toEqual({ code: null, message: null, recoverable: false });
  });

  it("names the failures that the number tells", () => {
    expect(normalize({ status: 10 }).failure).toEqual({ code: "TASK_FAILED", message: null, recoverable: false });
    expect(normalize({ status: 11 }).failure).toMatchObject({ code: "HEADCOUNT_EXCEEDED" });
    expect(normalize({ status: 9, ...counters(1, 0, 1) }).failure).toMatchObject({ code: null });
    expect(normalize({ status: 9, ...counters(2, 1, 1) }).failure).toBeNull();
  });

  it("lets an account read a value its own way", () => {
    const eight = { "8": { status: "ENDED", isTerminal: true, needsAttention: false } } as const;
    const twelve = { "12": { status: "STOPPING", isTerminal: false, needsAttention: false } } as const;

    expect(normalize({ status: 8 }, eight)).toMatchObject({ status: "ENDED", isTerminal: true });
    expect(normalize({ status: 12 }, twelve)).toMatchObject({ status: "STOPPING", needsAttention: false });
  });
});

describe("normalizeFeishuTask figures", () => {
  it.each([
    [100, 100],
    [-5, 0],
    [250, 100],
    ["45", 45],
    [12.5, 12.5],
  ])("shows progress %j as %j percent", (progress, percent) => {
    expect(normalize({ status: 1, progress }).progress?.percent).toBe(percent);
  });

  it.each([[undefined], [null], [""], ["half"], [{}]])("guesses no percentage from progress %j", (progress) => {
    expect(normalize({ status: 1, progress, ...counters(2, 1, 0) }).progress).toEqual({
      percent: null,
      total: 2,
      succeeded: 1,
      failed: 0,
    });
  });

  it("counts from the results what the counters leave out", () => {
    const counted = normalize({ status: 9, task_info: [ok, bad, ok] }).progress;
    const told = normalize({ status: 9, task_info: [ok, bad, ok], total_num: 5 }).progress;

    expect(counted).toEqual({ percent: null, total: 3, succeeded: 2, failed: 1 });
    expect(told).toEqual({ percent: null, total: 5, succeeded: 2, failed: 1 });
  });

  it("has no progress without any figure", () => {
    expect(normalize({ status: 1 }).progress).toBeNull();
    expect(normalize({ status: 1, ...counters(-1, null, "x") }).progress).toBeNull();
  });

  it.each([
    [1565878519, Date.parse("2019-08-15T14:15:19Z")],
    ["1565878519", Date.parse("2019-08-15T14:15:19Z")],
    [0, null],
    [-1, null],
    ["", null],
    [null, null],
    [undefined, null],
    ["yesterday", null],
    [1565878519000, null],
  ])("reads the time %j, seconds", (seconds, instant) => {
    const state = normalize({ status: 9, create_time: seconds, finish_time: seconds });

    expect(state).toMatchObject({ createdAt: instant, finishedAt: instant, startedAt: null, elapsedSeconds: null });
  });

  it.each([
    ["add_user", "ADD_USER"],
    ["add_department", "ADD_DEPARTMENT"],
    ["add_robot", "UNKNOWN"],
    [undefined, "UNKNOWN"],
    [5, "UNKNOWN"],
  ])("is of kind %j as %s", (type, kind) => {
    expect(normalize({ status: 1, type }).kind).toBe(kind);
  });
});

describe("createProgressMemory", () => {
  it("never shows a task going backwards", () => {
    const memory = createProgressMemory();

    const shown = [10, 40, 30, 50].map((percent) => memory.advance("a", percent));

    expect(shown).toEqual([10, 40, 40, 50]);
    expect(memory.advance("b", 5)).toBe(5);
  });

  it("forgets a task that is over", () => {
    const memory = createProgressMemory();
    memory.advance("a", 90);

    memory.forget("a");

    expect(memory.advance("a", 10)).toBe(10);
  });

  it("keeps as many tasks as it has room for, the latest asked about", () => {
    const memory = createProgressMemory(2);
    memory.advance("a", 90);
    memory.advance("b", 90);
    memory.advance("a", 91);

    memory.advance("c", 90);

    expect(memory.advance("a", 1)).toBe(91);
    expect(memory.advance("b", 1)).toBe(1);
  });
});
