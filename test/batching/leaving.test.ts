import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Outcome } from "../../src/tasks/outcome.ts";
import { createHeldUpstream, type HeldUpstream, settled } from "./held-upstream.ts";
import { type BatchingTest, createTestBatching, keyOf } from "./task-keys.ts";

interface Operation {
  readonly outcomes: Promise<Outcome[]>;
  readonly signal: AbortSignal;
  leave(): Promise<void>;
}

let upstream: HeldUpstream;
let batching: BatchingTest;
let operations: Operation[];

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  upstream = createHeldUpstream();
  batching = createTestBatching({ one: { client: upstream, limit: 3 } }, Date.now);
  operations = [];
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  expect(batching.load()).toMatchObject({ partitions: 0, waitingKeys: 0, keysInFlight: 0, callsInFlight: 0 });
  for (const { signal } of operations) expect(getEventListeners(signal, "abort")).toEqual([]);
  vi.useRealTimers();
});

async function ask(ids: readonly string[], within = 8_000): Promise<Operation> {
  const controller = new AbortController();
  const { signal } = controller;
  const keys = ids.map((id) => keyOf("one", id));
  const outcomes = batching.fetchTasks(keys, { signal, deadlineAt: Date.now() + within });
  const leave = async (): Promise<void> => {
    controller.abort();
    await settled();
  };
  operations.push({ outcomes, signal, leave });
  await settled();
  return { outcomes, signal, leave };
}

const codesOf = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map((outcome) => (outcome.kind === "found" ? "found" : outcome.problem.code));

describe("an operation that leaves", () => {
  it("gets an answer at once, and has its call given up", async () => {
    const operation = await ask(["1", "2"]);
    await operation.leave();

    expect(upstream.calls[0]?.limits.signal.aborted).toBe(true);
    expect(codesOf(await operation.outcomes)).toEqual(["TIMEOUT", "TIMEOUT"]);
  });

  it("asks nobody when it has left before", async () => {
    const outcomes = batching.fetchTasks([keyOf("one", "1")], { signal: AbortSignal.abort(), deadlineAt: 1_008_000 });
    await settled();

    expect(codesOf(await outcomes)).toEqual(["TIMEOUT"]);
    expect(upstream.calls).toEqual([]);
  });

  it("fails nobody else who waits for the same tasks", async () => {
    const first = await ask(["1", "2"]);
    const second = await ask(["2"]);
    await first.leave();

    expect(upstream.calls[0]?.limits.signal.aborted).toBe(false);
    await upstream.calls[0]?.answer();
    expect([codesOf(await first.outcomes), codesOf(await second.outcomes)]).toEqual([
      ["TIMEOUT", "TIMEOUT"],
      ["found"],
    ]);
  });

  it("has the call given up when the last one leaves, whoever began it", async () => {
    const first = await ask(["1", "2"]);
    const second = await ask(["2"]);
    await second.leave();
    expect(upstream.calls[0]?.limits.signal.aborted).toBe(false);
    await first.leave();

    expect(upstream.calls[0]?.limits.signal.aborted).toBe(true);
  });

  it("takes along what waits for it alone", async () => {
    const first = await ask(["1"]);
    const second = await ask(["2"]);
    await second.leave();
    await upstream.calls[0]?.answer();
    await vi.advanceTimersByTimeAsync(10);

    expect(upstream.asked()).toEqual(["1"]);
    expect(codesOf(await first.outcomes)).toEqual(["found"]);
  });

  it("does not keep those who come later from an answer: they don't join a call that was given up", async () => {
    const first = await ask(["1"]);
    await first.leave();
    const second = await ask(["1"]);

    expect(upstream.asked()).toEqual(["1", "1"]);
    await upstream.calls[1]?.answer();
    expect(codesOf(await second.outcomes)).toEqual(["found"]);
  });

  it("lets who comes later join a call that goes on for another task", async () => {
    const first = await ask(["1"]);
    const both = await ask(["1", "2"]);
    await vi.advanceTimersByTimeAsync(5);
    await first.leave();
    await both.leave();
    const third = await ask(["1"]);
    await vi.advanceTimersByTimeAsync(5);

    expect(upstream.asked()).toEqual(["1", "2", "1"]);
    await upstream.calls[2]?.answer();
    expect(codesOf(await third.outcomes)).toEqual(["found"]);
  });

  it("does not say that its account is in trouble", async () => {
    const operation = await ask(["1"]);
    await operation.leave();

    expect(batching.health("one")).toBe("OK");
  });
});

describe("a call that several operations wait for", () => {
  it("may take as long as the last of them", async () => {
    const first = await ask(["1"], 2_000);
    const call = upstream.calls[0];
    expect(call?.limits.deadlineAt).toBe(1_002_000);
    await vi.advanceTimersByTimeAsync(500);
    const second = await ask(["1"], 8_000);

    expect(call?.limits.deadlineAt).toBe(1_008_500);
    await call?.answer();
    expect([codesOf(await first.outcomes), codesOf(await second.outcomes)]).toEqual([["found"], ["found"]]);
  });
});
