import { describe, expect, it } from "vitest";
import { type TaskPhase, taskLifeAt } from "../../src/sandbox/task-life.ts";

const START = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const NUMBERS = Array.from({ length: 300 }, (_, index) => 1000 + index);

describe("taskLifeAt", () => {
  it("gives the same life for the same arguments, wherever the clock was before", () => {
    const before = NUMBERS.map((number) => taskLifeAt(number, START, START + 5000));
    for (const number of NUMBERS) taskLifeAt(number, START, START + DAY_MS);

    expect(NUMBERS.map((number) => taskLifeAt(number, START, START + 5000))).toEqual(before);
  });

  it("has tasks in every phase when the sandbox starts and tasks that still move hours later", () => {
    const phasesAt = (at: number): Set<TaskPhase> =>
      new Set(NUMBERS.map((number) => taskLifeAt(number, START, at).phase));

    expect([...phasesAt(START)].sort()).toEqual(["failed", "paused", "running", "stopped", "succeeded", "waiting"]);
    expect(phasesAt(START + 4 * 3_600_000)).toContain("running");
  });

  it("never goes back: not in work done, not out of an end", () => {
    for (const number of NUMBERS) {
      let previous = taskLifeAt(number, START, START);
      for (let at = START; at < START + DAY_MS; at += 600_000) {
        const life = taskLifeAt(number, START, at);
        expect(life.fraction).toBeGreaterThanOrEqual(previous.fraction);
        if (previous.endedAt !== null) expect(life).toEqual(previous);
        previous = life;
      }
    }
  });

  it("keeps creation, start, end in order and in whole seconds", () => {
    for (const number of NUMBERS) {
      const { createdAt, startedAt, endedAt } = taskLifeAt(number, START, START + DAY_MS);
      const instants = [createdAt, startedAt, endedAt].filter((instant) => instant !== null);
      expect(instants).toEqual(instants.toSorted((left, right) => left - right));
      expect(instants.every((instant) => instant % 1000 === 0)).toBe(true);
      expect(createdAt).toBeLessThanOrEqual(START);
    }
  });
});
