import { describe, expect, it } from "vitest";
import { createDliMeanings, normalizeDliBatchJob } from "../../../src/providers/huawei-dli/normalize.ts";
import type { TaskStatus } from "../../../src/tasks/task.ts";

const meanings = createDliMeanings({});

const read = (state: string) => normalizeDliBatchJob(state, null, new Set(), "p1", meanings);

describe("the state of a DLI batch", () => {
  it.each<[string, TaskStatus, boolean, boolean, string, string]>([
    ["starting", "PENDING", false, false, "Starting", "启动中"],
    ["running", "RUNNING", false, false, "Running", "运行中"],
    ["recovering", "RUNNING", false, false, "Restoring", "恢复中"],
    ["success", "SUCCEEDED", true, false, "Finished", "已完成"],
    ["dead", "FAILED", true, true, "Failed", "已失败"],
  ])("%s is %s", (raw, status, isTerminal, needsAttention, en, zh) => {
    const state = read(raw);

    expect(state).toMatchObject({ status, isTerminal, needsAttention });
    expect(state.rawStatus).toEqual({ value: raw, labels: { en, "zh-CN": zh }, inferred: false });
  });

  it("is read without regard to letter case and blanks, and shown as it was written", () => {
    const state = read(" Success ");

    expect(state).toMatchObject({ status: "SUCCEEDED", rawStatus: { value: " Success " } });
  });

  it.each(["cancelled", "killed", "error", "not_started", "7", "idle"])("%s is not guessed", (raw) => {
    const state = read(raw);

    expect(state).toMatchObject({ status: "UNKNOWN", isTerminal: false, needsAttention: true, failure: null });
    expect(state.rawStatus).toEqual({ value: raw, labels: null, inferred: false });
  });

  it("of a dead batch says that it may have been cancelled, and gives no reason of its own making", () => {
    const { failure } = read("dead");

    expect(failure).toEqual({
      code: null,
      message: "Exited without success; DLI reports cancellations the same way.",
      recoverable: null,
    });
  });

  it("invents no time, no progress and no detail", () => {
    const {
      rawStatus: _raw,
      status: _status,
      isTerminal: _terminal,
      needsAttention: _attention,
      ...rest
    } = read("success");

    expect(rest).toEqual({
      name: null,
      createdAt: null,
      startedAt: null,
      finishedAt: null,
      elapsedSeconds: null,
      progress: null,
      failure: null,
      webUrl: null,
      projectId: "p1",
      applicationId: null,
      owner: null,
      queue: null,
      kind: null,
      updatedAt: null,
      logTail: null,
    });
  });

  it("can be read otherwise by an account", () => {
    const overrides = { Killed: { status: "CANCELED", isTerminal: true, needsAttention: false } } as const;

    const state = normalizeDliBatchJob("killed", null, new Set(), "p1", createDliMeanings(overrides));

    expect(state).toMatchObject({ status: "CANCELED", isTerminal: true });
  });
});
