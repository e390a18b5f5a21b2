import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pollAfter } from "../../src/cache/poll-hint.ts";
import { type TaskState, type TaskStatus, taskStatuses } from "../../src/tasks/task.ts";
import { taskNamed } from "../batching/upstream-of-truths.ts";

const now = 1_700_000_000_000;
const common = { pollFloorSeconds: 5, pollCapSeconds: 60 };
const sops = { pollFloorSeconds: 10, pollCapSeconds: 60 };
const drs = { pollFloorSeconds: 30, pollCapSeconds: 120 };
const noJitter = (): number => 0.5;

function taskOf(status: TaskStatus, ageSeconds: number | null, isTerminal = false): TaskState {
  return taskNamed("task", { status, isTerminal, createdAt: ageSeconds === null ? null : now - ageSeconds * 1000 });
}

describe("pollAfter", () => {
  it.each([
    ["RUNNING", 0, common, 5],
    ["RUNNING", 49, common, 5],
    ["RUNNING", 100, common, 10],
    ["RUNNING", 599, common, 59.9],
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
  ] as const)("%s of %s seconds, in the range %j: in %d seconds", (status, ageSeconds, range, expectedSeconds) => {
    expect(pollAfter(taskOf(status, ageSeconds), range, now, noJitter)).toBe(now + expectedSeconds * 1000);
  });

  it.each(taskStatuses)("is nothing for a terminal task that is %s", (status) => {
    expect(pollAfter(taskOf(status, 100, true), common, now, noJitter)).toBeNull();
  });

  it.each([
    [0, 4_500],
    [0.5, 5_000],
    [1 - Number.EPSILON, 5_500],
  ])("spreads clients by a tenth each way: at a random figure of %d in %d ms", (random, expectedMs) => {
    expect(pollAfter(taskOf("RUNNING", 0), common, now, () => random)).toBe(now + expectedMs);
  });

  it("is a whole millisecond within a tenth of the provider's range, for an active task of any age", () => {
    const active = fc.constantFrom<TaskStatus>("PENDING", "RUNNING", "STOPPING");
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

    fc.assert(
      fc.property(active, fc.constantFrom(common, sops, drs), fc.nat(), random, (status, range, age, figure) => {
        const at = pollAfter(taskOf(status, age), range, now, () => figure) ?? 0;
        expect(Number.isInteger(at)).toBe(true);
        expect(at - now).toBeGreaterThanOrEqual(range.pollFloorSeconds * 900);
        expect(at - now).toBeLessThanOrEqual(range.pollCapSeconds * 1_100);
      }),
    );
  });
});
