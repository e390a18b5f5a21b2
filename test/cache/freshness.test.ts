import { describe, expect, it } from "vitest";
import { freshForMs, freshUntil, staleUntil } from "../../src/cache/freshness.ts";
import type { KnownAnswer } from "../../src/cache/known-task.ts";
import { createProblem, type ProblemCode } from "../../src/tasks/problem.ts";
import { type TaskStatus, taskStatuses } from "../../src/tasks/task.ts";
import { answerOf } from "./known-answers.ts";

const range = { pollFloorSeconds: 30, pollCapSeconds: 120 };

const freshFor = (status: TaskStatus, isTerminal: boolean): number =>
  freshForMs(answerOf({ state: { status, isTerminal } }), range);

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

describe("staleUntil", () => {
  it("is ten minutes past an answer's time, and a day for a terminal one", () => {
    const [running, done] = [answerOf({ observedAt: 1 }), answerOf({ observedAt: 1, state: { isTerminal: true } })];

    expect(staleUntil(running, range)).toBe(freshUntil(running, range) + 600_000);
    expect(staleUntil(done, range)).toBe(freshUntil(done, range) + 86_400_000);
  });

  it("is long enough to keep older answers away for a refusal, which is good for five seconds or not at all", () => {
    const refused = (code: ProblemCode): KnownAnswer => {
      return { kind: "refused", problem: createProblem(code, "Nothing."), observedAt: 100, sequence: 1 };
    };
    const [gone, forbidden] = [refused("NOT_FOUND"), refused("FORBIDDEN")];

    expect([freshUntil(gone, range), staleUntil(gone, range)]).toEqual([5_100, 60_100]);
    expect([freshUntil(forbidden, range), staleUntil(forbidden, range)]).toEqual([100, 60_100]);
  });
});
