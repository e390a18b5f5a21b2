import { describe, expect, it } from "vitest";
import { createUnknownStatuses } from "../../src/batching/unknown-statuses.ts";
import { nothingMissing, type Outcome } from "../../src/tasks/outcome.ts";
import { createProblem } from "../../src/tasks/problem.ts";
import { taskNamed } from "./upstream-of-truths.ts";

const hourMs = 3_600_000;

function unknown(value: string): Outcome {
  const state = taskNamed("odd", { status: "UNKNOWN", rawStatus: { value, labels: null, inferred: false } });
  return {
    kind: "found",
    state,
    observedAt: 0,
    sequence: 1,
    facets: new Set(),
    source: "UPSTREAM",
    missing: nothingMissing,
  };
}

function open() {
  const clock = { now: 0 };
  const told = { counted: 0, logged: [] as unknown[] };
  const statuses = createUnknownStatuses({
    provider: "test",
    metrics: {
      unknownStatus: () => {
        told.counted += 1;
      },
    },
    log: { warn: (details: unknown) => told.logged.push(details) },
    now: () => clock.now,
  });
  return { statuses, clock, told };
}

describe("createUnknownStatuses", () => {
  it("counts every answer, and logs each value once an hour", () => {
    const { statuses, clock, told } = open();

    for (const at of [0, 1, hourMs - 1, hourMs, hourMs + 1]) {
      clock.now = at;
      statuses.note(unknown("HALF-DONE"));
    }
    statuses.note(unknown("ODD"));

    expect(told.counted).toBe(6);
    expect(told.logged).toEqual([
      { provider: "test", rawStatus: "HALF-DONE" },
      { provider: "test", rawStatus: "HALF-DONE" },
      { provider: "test", rawStatus: "ODD" },
    ]);
  });

  it("has nothing to say of statuses that are known, and of problems", () => {
    const { statuses, told } = open();

    statuses.note({ ...unknown("running"), state: taskNamed("fine") } as Outcome);
    statuses.note({ kind: "problem", problem: createProblem("NOT_FOUND", "Text.") });

    expect(told).toEqual({ counted: 0, logged: [] });
  });
});
