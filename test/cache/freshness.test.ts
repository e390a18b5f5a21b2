import { describe, expect, it } from "vitest";
import { freshForMs } from "../../src/cache/freshness.ts";
import { type TaskStatus, taskStatuses } from "../../src/tasks/task.ts";
import { taskNamed } from "../batching/upstream-of-truths.ts";

const range = { pollFloorSeconds: 30, pollCapSeconds: 120 };

const freshFor = (status: TaskStatus, isTerminal: boolean): number =>
  freshForMs(taskNamed("a", { status, isTerminal }), range);

describe("freshForMs", () => {
  it.each(taskStatuses.filter((status) => status !== "FAILED"))(
    "keeps %s for ten minutes when it is terminal",
    (status) => {
      expect(freshFor(status, true)).toBe(600_000);
    },
  );

  it.each(taskStatuses.filter((status) => status !== "FAILED"))(
    "keeps %s for half the poll floor when it is not",
    (status) => {
      expect(freshFor(status, false)).toBe(15_000);
    },
  );

  it("keeps a failure for a minute when it is terminal, and half a minute when somebody may resume it", () => {
    expect([freshFor("FAILED", true), freshFor("FAILED", false)]).toEqual([60_000, 30_000]);
  });
});
