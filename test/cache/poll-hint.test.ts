import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freshForMs } from "../../src/cache/freshness.ts";
import { nextPoll, type PolledTask, type PollRange, pollIntervalMs, spreadPoll } from "../../src/cache/poll-hint.ts";
import { type TaskStatus, taskStatuses } from "../../src/tasks/task.ts";
import { taskNamed } from "../batching/upstream-of-truths.ts";
import { answerOf } from "./known-answers.ts";

/** On everybody's grid. */
const now = 1_700_000_010_000;
const common = { pollFloorSeconds: 5, pollCapSeconds: 60 };
const sops = { pollFloorSeconds: 10, pollCapSeconds: 60 };
const drs = { pollFloorSeconds: 30, pollCapSeconds: 120 };

/** A task that was observed now. */
function polled(status: TaskStatus, ageSeconds: number | null, rest: Partial<PolledTask> = {}): PolledTask {
  const createdAt = ageSeconds === null ? null : now - ageSeconds * 1000;
  return { state: taskNamed("task", { status, createdAt }), firstSeenAt: now, observedAt: now, ...rest };
}

const active = fc.constantFrom<TaskStatus>("PENDING", "RUNNING", "STOPPING");
const someRange = fc.constantFrom<PollRange>(common, sops, drs);
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("nextPoll", () => {
  it.each([
    ["RUNNING", 0, common, 5],
    ["RUNNING", 49, common, 5],
    ["RUNNING", 100, common, 10],
    ["RUNNING", 599, common, 60],
    ["RUNNING", 601, common, 60],
    ["RUNNING", 1_000_000, common, 60],
    ["RUNNING", null, common, 5],
    ["RUNNING", -1_000, common, 5],
    ["PENDING", 100, common, 10],
    ["STOPPING", 100, common, 10],
    ["RUNNING", 1, sops, 10],
    ["RUNNING", 1, drs, 30],
    ["RUNNING", 1_000_000, drs, 120],
    ["PAUSED", 1, common, 60],
    ["WAITING", 1_000_000, common, 60],
    ["UNKNOWN", null, common, 60],
    ["PAUSED", 1, drs, 60],
    ["FAILED", 1, common, 300],
    ["FAILED", 1_000_000, drs, 300],
  ] as const)(
    "%s of %s seconds, in the range %j: %d seconds after the answer",
    (status, ageSeconds, range, seconds) => {
      expect(nextPoll(polled(status, ageSeconds), range)).toBe(now + seconds * 1000);
    },
  );

  it("takes the time since a task was first seen for the age of one whose creation nobody tells", () => {
    const firstSeenAt = now - 300_000;

    expect(nextPoll(polled("RUNNING", null, { firstSeenAt }), common)).toBe(now + 30_000);
    expect(nextPoll(polled("RUNNING", 100, { firstSeenAt }), common)).toBe(now + 10_000);
  });

  it.each(taskStatuses)("is nothing for a terminal task that is %s", (status) => {
    const state = taskNamed("task", { status, isTerminal: true });

    expect(nextPoll(polled(status, 100, { state }), common)).toBeNull();
  });

  it.each([
    [0, 5_000],
    [1_000, 5_000],
    [1_001, 10_000],
    [4_999, 10_000],
  ])(
    "of an answer %d ms past the grid is %d ms past it, too: not sooner than four fifths of an interval",
    (past, expectedMs) => {
      expect(nextPoll(polled("RUNNING", 0, { observedAt: now + past }), common)).toBe(now + expectedMs);
    },
  );

  it.each([
    [0, 60_000],
    [2_499, 60_000],
    [2_500, 65_000],
  ])("of a task that is asked for rarely, %d ms past the grid, is the nearest: %d", (past, expectedMs) => {
    const old = polled("RUNNING", 10_000, { observedAt: now + past });

    expect(nextPoll(old, common)).toBe(now + expectedMs);
  });

  it("is on the grid that all tasks have in common, about an interval after the answer", () => {
    fc.assert(
      fc.property(active, someRange, fc.nat(1_000_000), fc.nat(10_000_000), (status, range, age, later) => {
        const task = polled(status, age, { observedAt: now + later });
        const [intervalMs, stepMs] = [pollIntervalMs(task, range), range.pollFloorSeconds * 1000];
        const at = nextPoll(task, range) ?? 0;
        expect(at % stepMs).toBe(0);
        expect(at - task.observedAt).toBeGreaterThanOrEqual(0.8 * intervalMs);
        expect(at - task.observedAt).toBeLessThan(Math.max(intervalMs + stepMs / 2, 0.8 * intervalMs + stepMs) + 1);
      }),
    );
  });
});

describe("spreadPoll", () => {
  it.each([
    [0, 4_500],
    [0.5, 5_000],
    [1 - Number.EPSILON, 5_500],
  ])("is a tenth of the interval each way: at a random figure of %d in %d ms", (figure, expectedMs) => {
    expect(spreadPoll(now + 5_000, 5_000, 2_500, () => figure)).toBe(now + expectedMs);
  });

  it.each([
    [0, 58_750],
    [1 - Number.EPSILON, 61_250],
  ])("is no more than an answer is good for: at a random figure of %d in %d ms", (figure, expectedMs) => {
    expect(spreadPoll(now + 60_000, 60_000, 2_500, () => figure)).toBe(now + expectedMs);
  });

  it("brings all who were shown one answer back within the time that the next one is good", () => {
    fc.assert(
      fc.property(active, someRange, fc.nat(1_000_000), random, random, (status, range, age, ...figures) => {
        const task = polled(status, age);
        const goodForMs = freshForMs(answerOf({ state: task.state }), range);
        const intervalMs = pollIntervalMs(task, range);
        const [first = 0, last = 0] = figures.map((figure) =>
          spreadPoll(now + intervalMs, intervalMs, goodForMs, () => figure),
        );
        expect(Number.isInteger(first)).toBe(true);
        expect(Math.abs(first - last)).toBeLessThanOrEqual(goodForMs + 1);
        expect(first - now).toBeGreaterThanOrEqual(range.pollFloorSeconds * 900);
        expect(first - now).toBeLessThanOrEqual(range.pollCapSeconds * 1_100);
      }),
    );
  });
});
