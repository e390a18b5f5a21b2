import { describe, expect, it } from "vitest";
import { createEiotclubMeanings, normalizeEiotclubTask } from "../../../src/providers/eiotclub/normalize.ts";

const meanings = createEiotclubMeanings({});

describe("normalizeEiotclubTask", () => {
  it.each([
    ["0", "PENDING", false, false],
    ["1", "RUNNING", false, false],
    ["2", "SUCCEEDED", true, false],
    ["-1", "CANCELED", true, false],
    ["-2", "FAILED", true, true],
    ["3", "UNKNOWN", false, true],
    ["done", "UNKNOWN", false, true],
    ["", "UNKNOWN", false, true],
  ])("reads %j as %s", (raw, status, isTerminal, needsAttention) => {
    const state = normalizeEiotclubTask(raw, null, meanings);

    expect(state).toMatchObject({ status, isTerminal, needsAttention, rawStatus: { value: raw, inferred: false } });
  });

  it("has a label in both languages for every documented value", () => {
    for (const raw of ["0", "1", "2", "-1", "-2"]) {
      const { rawStatus } = normalizeEiotclubTask(raw, null, meanings);

      expect(rawStatus.labels?.en, raw).toMatch(/\w/);
      expect(rawStatus.labels?.["zh-CN"], raw).toMatch(/\p{Script=Han}/u);
    }
  });

  it("shows the result verbatim, as the failure's message only of a failed task", () => {
    const failed = normalizeEiotclubTask("-2", "SIM 883 not found", meanings);
    const running = normalizeEiotclubTask("1", "failed", meanings);

    expect(failed).toMatchObject({ result: "SIM 883 not found", failure: { message: "SIM 883 not found" } });
    expect(running).toMatchObject({ result: "failed", status: "RUNNING", failure: null });
  });

  it("invents no times and no progress", () => {
    const state = normalizeEiotclubTask("2", "ok", meanings);

    expect(state).toMatchObject({ createdAt: null, startedAt: null, finishedAt: null, elapsedSeconds: null });
    expect(state.progress).toBeNull();
  });

  it("lets an account read a value its own way", () => {
    const own = createEiotclubMeanings({ "7": { status: "WAITING", isTerminal: false, needsAttention: true } });

    expect(normalizeEiotclubTask(" 7 ", null, own).status).toBe("WAITING");
  });
});
