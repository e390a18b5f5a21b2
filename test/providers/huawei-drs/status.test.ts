import { describe, expect, it } from "vitest";
import { createDrsMeanings, normalizeDrsJob } from "../../../src/providers/huawei-drs/normalize.ts";
import { drsStatusTable } from "../../../src/providers/huawei-drs/status-table.ts";
import type { TaskStatus } from "../../../src/tasks/task.ts";

const meanings = createDrsMeanings({});
const noReason = { code: null, message: null };

const read = (status: string, reason: { code: string | null; message: string | null } = noReason) =>
  normalizeDrsJob({ status, reason, progress: null, detail: null }, "p1", meanings);

const documented: readonly (readonly [string, TaskStatus, boolean, boolean])[] = [
  ["CREATING", "PENDING", false, false],
  ["STARTJOBING", "PENDING", false, false],
  ["CHILD_TRANSFER_STARTING", "PENDING", false, false],
  ["WAITING_FOR_START", "PENDING", false, false],
  ["CONFIGURATION", "WAITING", false, true],
  ["FULL_TRANSFER_STARTED", "RUNNING", false, false],
  ["FULL_TRANSFER_COMPLETE", "RUNNING", false, false],
  ["INCRE_TRANSFER_STARTED", "RUNNING", false, false],
  ["CHILD_TRANSFER_COMPLETE", "RUNNING", false, false],
  ["CHILD_TRANSFER_STARTED", "RUNNING", false, false],
  ["CHANGE_JOB_STARTED", "RUNNING", false, false],
  ["REBUILD_NODE_STARTED", "RUNNING", false, false],
  ["NODE_UPGRADE_START", "RUNNING", false, false],
  ["NODE_UPGRADE_COMPLETE", "RUNNING", false, false],
  ["PAUSING", "PAUSED", false, true],
  ["RELEASE_RESOURCE_STARTED", "STOPPING", false, false],
  ["RELEASE_CHILD_TRANSFER_STARTED", "STOPPING", false, false],
  ["RELEASE_RESOURCE_COMPLETE", "ENDED", true, false],
  ["RELEASE_CHILD_TRANSFER_COMPLETE", "ENDED", true, false],
  ["DELETED", "ENDED", true, false],
  ["CREATE_FAILED", "FAILED", true, true],
  ["START_JOB_FAILED", "FAILED", false, true],
  ["FULL_TRANSFER_FAILED", "FAILED", false, true],
  ["INCRE_TRANSFER_FAILED", "FAILED", false, true],
  ["CHILD_TRANSFER_FAILED", "FAILED", false, true],
  ["CHANGE_JOB_FAILED", "FAILED", false, true],
  ["REBUILD_NODE_FAILED", "FAILED", false, true],
  ["NODE_UPGRADE_FAILED", "FAILED", false, true],
  ["RELEASE_RESOURCE_FAILED", "FAILED", false, true],
];

const seenElsewhere: typeof documented = [
  ["SUBSCRIPTION_STARTED", "PENDING", false, false],
  ["SUBSCRIPTION_FAILED", "FAILED", true, true],
  ["SUCCESS", "SUCCEEDED", true, false],
  ["TRANSFERRING", "RUNNING", false, false],
  ["FAILED", "FAILED", true, true],
  ["PRECHECK FAILED", "FAILED", false, true],
];

describe("the status of a DRS job", () => {
  it.each([...documented, ...seenElsewhere])("%s is %s", (raw, status, isTerminal, needsAttention) => {
    const state = read(raw);

    expect(state).toMatchObject({ status, isTerminal, needsAttention });
    expect(state.rawStatus).toMatchObject({ value: raw, inferred: false });
    expect(state.rawStatus.labels?.en).toMatch(/^[A-Z]/);
    expect(state.rawStatus.labels?.["zh-CN"]).toMatch(/\p{Script=Han}/u);
  });

  it("has a row for each of the 29 documented values, and for no others than those above", () => {
    const words = [...documented, ...seenElsewhere].map(([raw]) => raw);

    expect(documented).toHaveLength(29);
    expect(Object.keys(drsStatusTable).toSorted()).toEqual(words.toSorted());
  });

  it("has a second spelling for PAUSING, and is shown as it was written", () => {
    const state = read(" pauseing");

    expect(state).toMatchObject({ status: "PAUSED", needsAttention: true });
    expect(state.rawStatus).toMatchObject({ value: " pauseing", labels: { en: "Paused" }, inferred: false });
  });

  it.each<[string, TaskStatus, boolean]>([
    ["SWITCHOVER_FAILED", "FAILED", true],
    ["SWITCHOVER_STARTED", "RUNNING", false],
    ["switchover_starting", "RUNNING", false],
  ])("%s is read by its ending, and says so", (raw, status, needsAttention) => {
    const state = read(raw);

    expect(state).toMatchObject({ status, isTerminal: false, needsAttention });
    expect(state.rawStatus).toEqual({ value: raw, labels: null, inferred: true });
  });

  it.each(["FROZEN", "SWITCHOVER_COMPLETE", "PAUSED", "STARTED", "0"])("%s is not guessed", (raw) => {
    const state = read(raw);

    expect(state).toMatchObject({ status: "UNKNOWN", isTerminal: false, needsAttention: true, failure: null });
    expect(state.rawStatus).toEqual({ value: raw, labels: null, inferred: false });
  });

  it("can be read otherwise by an account, which keeps the label", () => {
    const overrides = {
      FULL_TRANSFER_COMPLETE: { status: "SUCCEEDED", isTerminal: true, needsAttention: false },
    } as const;

    const state = normalizeDrsJob(
      { status: "FULL_TRANSFER_COMPLETE", reason: noReason, progress: null, detail: null },
      "p1",
      createDrsMeanings(overrides),
    );

    expect(state).toMatchObject({ status: "SUCCEEDED", isTerminal: true });
    expect(state.rawStatus.labels?.en).toBe("Full load complete");
  });
});

describe("the failure of a DRS job", () => {
  const reason = { code: "DRS.M08001", message: "Connection lost." };

  it.each<[string, boolean]>([
    ["INCRE_TRANSFER_FAILED", true],
    ["SWITCHOVER_FAILED", true],
    ["CREATE_FAILED", false],
  ])("of %s has the reason that the row gives", (status, recoverable) => {
    const { failure } = read(status, reason);

    expect(failure).toEqual({ ...reason, recoverable });
  });

  it("is there without a reason, too", () => {
    expect(read("START_JOB_FAILED").failure).toEqual({ code: null, message: null, recoverable: true });
  });

  it("is not there for a job that did not fail, unless the row tells of one", () => {
    expect(read("INCRE_TRANSFER_STARTED").failure).toBeNull();
    expect(read("RELEASE_RESOURCE_COMPLETE", reason).failure).toEqual({ ...reason, recoverable: null });
  });
});

describe("a DRS job", () => {
  it("has no times, no progress and no details from the status call", () => {
    expect(read("DELETED")).toMatchObject({
      name: null,
      createdAt: null,
      startedAt: null,
      finishedAt: null,
      elapsedSeconds: null,
      progress: null,
      webUrl: null,
      projectId: "p1",
      taskMode: null,
      engineType: null,
      direction: null,
      replicationDelayMs: null,
      phases: null,
    });
  });
});
