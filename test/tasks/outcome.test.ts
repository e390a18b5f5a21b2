import { describe, expect, it } from "vitest";
import { type FoundOutcome, mergeOutcomes, nothingMissing, type PartialOutcome } from "../../src/tasks/outcome.ts";
import { createProblem } from "../../src/tasks/problem.ts";
import type { TaskState } from "../../src/tasks/task.ts";

function found(observedAt: number, rest: Partial<TaskState>): FoundOutcome {
  const state: TaskState = {
    status: "RUNNING",
    isTerminal: false,
    needsAttention: false,
    rawStatus: { value: "running", labels: null, inferred: false },
    name: null,
    createdAt: null,
    startedAt: null,
    finishedAt: null,
    elapsedSeconds: null,
    progress: null,
    failure: null,
    webUrl: null,
    ...rest,
  };
  return {
    kind: "found",
    state,
    observedAt,
    sequence: 7,
    facets: new Set(),
    source: "UPSTREAM",
    missing: nothingMissing,
  };
}

const part = (outcome: PartialOutcome["outcome"], ...facets: string[]): PartialOutcome => ({
  outcome,
  facets: new Set(facets),
});

const failed = { kind: "problem", problem: createProblem("TIMEOUT", "Too late.") } as const;

const over = {
  status: "FAILED",
  isTerminal: true,
  rawStatus: { value: "failed", labels: null, inferred: false },
  finishedAt: 5,
  failure: { code: "E1", message: null, recoverable: null },
} as const;

describe("mergeOutcomes", () => {
  it("keeps a single outcome as it is", () => {
    const only = found(1, { name: "a" });

    expect(mergeOutcomes([part(only)])).toBe(only);
  });

  it("fills what one read leaves empty from the other, whichever came first", () => {
    const progress = { percent: 50, total: null, succeeded: null, failed: null };
    const detail = part(found(1, { name: "a", createdAt: 3 }), "detail");
    const percent = part(found(2, { progress }), "progress");

    for (const merged of [mergeOutcomes([detail, percent]), mergeOutcomes([percent, detail])]) {
      expect(merged).toEqual(found(2, { name: "a", createdAt: 3, progress }));
    }
  });

  it("lets the newest answer say how the task is doing", () => {
    const merged = mergeOutcomes([part(found(9, { name: "new" })), part(found(1, { ...over, name: "old" }))]);

    expect(merged).toEqual(found(9, { name: "new", finishedAt: null, failure: null }));
  });

  it("takes the reason and the end from an older answer of the same status", () => {
    const { finishedAt: _, failure: __, ...bare } = over;

    const merged = mergeOutcomes([part(found(9, bare)), part(found(1, over))]);

    expect(merged).toEqual(found(9, over));
  });

  it("keeps the task when one read failed, and tells which parts are missing", () => {
    const merged = mergeOutcomes([part(found(1, { name: "a" }), "detail"), part(failed, "progress", "log")]);

    expect(merged).toMatchObject({ kind: "found", state: { name: "a" } });
    expect(merged.kind === "found" && [...merged.missing.keys()]).toEqual(["progress", "log"]);
  });

  it("is the first read's problem when no read told of the task", () => {
    const other = { kind: "problem", problem: createProblem("NOT_FOUND", "No.") } as const;

    expect(mergeOutcomes([part(other), part(failed)])).toBe(other);
  });

  it("tells of reads that all failed what will not change, whichever failed last", () => {
    const gone = { kind: "problem", problem: createProblem("NOT_FOUND", "Gone.") } as const;

    expect(mergeOutcomes([part(failed), part(gone, "detail")])).toBe(gone);
    expect(mergeOutcomes([part(gone, "detail"), part(failed)])).toBe(gone);
  });

  it("does not tell of a part that is not ours to see, where another read may tell of the task", () => {
    const forbidden = {
      kind: "problem",
      problem: createProblem("FORBIDDEN", "No."),
      told: { observedAt: 1, sequence: 1 },
    } as const;

    expect(mergeOutcomes([part(forbidden, "progress"), part(failed, "detail")])).toBe(failed);
    expect(mergeOutcomes([part(failed, "detail"), part(forbidden, "progress")])).toBe(failed);
    expect(mergeOutcomes([part(forbidden), part(forbidden, "detail")])).toBe(forbidden);
  });
});
