import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AccountAdmission, type AdmissionOptions, createAdmission } from "../../src/http/admission.ts";
import type { AttemptOutcome, AttemptPass } from "../../src/http/attempt-gate.ts";
import type { CallLimits } from "../../src/http/send.ts";
import { noLog, noMetrics } from "../support/client-tools.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => vi.useRealTimers());

function open(options: Partial<AdmissionOptions> = {}): AccountAdmission {
  return createAdmission({
    provider: "test",
    account: "one",
    startConcurrency: 8,
    maxConcurrency: 32,
    rateLimit: {},
    metrics: noMetrics,
    log: noLog,
    now: Date.now,
    ...options,
  });
}

const limitsOf = (leftMs = 8_000, signal = new AbortController().signal): CallLimits => ({
  signal,
  deadlineAt: Date.now() + leftMs,
});

async function admit({ gate }: AccountAdmission): Promise<AttemptPass> {
  const pass = await gate.admit(limitsOf());
  if (!("end" in pass)) throw new Error(`Not admitted: ${pass.reason}`);
  return pass;
}

async function attempt(admission: AccountAdmission, outcome: AttemptOutcome, pauseMs?: number): Promise<void> {
  const pass = await admit(admission);
  pass.sent();
  pass.end(outcome, pauseMs);
  await vi.advanceTimersByTimeAsync(0);
}

async function openCircuit(admission: AccountAdmission): Promise<void> {
  for (let lost = 0; lost < 5; lost += 1) await attempt(admission, "unreachable");
}

describe("tryEnter", () => {
  it("has a place for as many calls as may be under way, and for the next when one leaves", () => {
    const admission = open({ startConcurrency: 2 });

    expect([admission.tryEnter(), admission.tryEnter()]).toEqual([{ kind: "entered" }, { kind: "entered" }]);
    expect(admission.tryEnter()).toEqual({ kind: "full", againAt: null });
    admission.leave();
    expect(admission.tryEnter()).toEqual({ kind: "entered" });
  });

  it("is full when the free rate is spoken for by those who entered and have not sent", async () => {
    const admission = open({ rateLimit: { perSecond: 2 } });
    const startedAt = Date.now();
    admission.tryEnter();
    admission.tryEnter();

    expect(admission.tryEnter()).toEqual({ kind: "full", againAt: startedAt + 1_020 });
    await attempt(admission, "clean");
    expect(admission.tryEnter()).toEqual({ kind: "full", againAt: startedAt + 1_020 });
    admission.leave();
    admission.leave();
    expect(admission.tryEnter(), "one of the two never sent").toEqual({ kind: "entered" });
  });

  it("is closed while the account is paused, and open afterwards", async () => {
    const admission = open();
    await attempt(admission, "throttled", 3_000);
    const until = Date.now() + 3_000;

    expect(admission.tryEnter()).toEqual({ kind: "closed", because: "throttled", until });
    expect(admission.standing()).toBe("throttled");
    await vi.advanceTimersByTimeAsync(3_000);
    expect([admission.tryEnter(), admission.standing()]).toEqual([{ kind: "entered" }, "open"]);
  });

  it("keeps to the longest pause", async () => {
    const admission = open();
    const [long, short] = [await admit(admission), await admit(admission)];
    long.end("throttled", 5_000);
    short.end("throttled", 1_000);

    expect(admission.tryEnter()).toMatchObject({ until: Date.now() + 5_000 });
  });

  it("is not closed for longer than the pause when the clock is set back", async () => {
    const admission = open();
    await attempt(admission, "throttled", 2_000);
    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.advanceTimersByTimeAsync(2_000);

    expect(admission.tryEnter()).toEqual({ kind: "entered" });
    expect(admission.standing()).toBe("open");
  });

  it("is closed while the circuit is open, then for all but one", async () => {
    const admission = open();
    await openCircuit(admission);
    const until = Date.now() + 5_000;

    expect(admission.tryEnter()).toEqual({ kind: "closed", because: "circuit-open", until });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(admission.tryEnter()).toEqual({ kind: "entered" });
    expect(admission.tryEnter()).toEqual({ kind: "closed", because: "circuit-open", until: until + 1_000 });
    expect(admission.standing()).toBe("circuit-open");
    await attempt(admission, "clean");
    expect([admission.tryEnter(), admission.standing()]).toEqual([{ kind: "entered" }, "circuit-open"]);
    await attempt(admission, "clean");
    expect(admission.standing()).toBe("open");
  });

  it("does not open the circuit for throttling, nor for what says nothing", async () => {
    const admission = open();
    for (let call = 0; call < 40; call += 1) await attempt(admission, call % 2 ? "throttled" : "neutral", 0);

    expect(admission.standing()).toBe("open");
  });

  it("adapts its places to what comes of attempts", async () => {
    const told: number[] = [];
    const metrics = {
      ...noMetrics,
      concurrencyLimit: (_provider: string, _account: string, limit: number) => told.push(limit),
    };
    const admission = open({ metrics });
    while (admission.tryEnter().kind === "entered");

    for (let call = 0; call < 8; call += 1) await attempt(admission, "clean");
    await attempt(admission, "timed-out");
    await attempt(admission, "troubled");
    await attempt(admission, "throttled");
    for (const outcome of ["unreachable", "neutral"] as const) await attempt(admission, outcome);

    expect(told).toEqual([8, 9, 8, 7, 3]);
  });

  it("tells in the log that the circuit opened and closed", async () => {
    const lines: unknown[] = [];
    const line = (details: unknown, text?: string): void => void lines.push([details, text]);
    const admission = open({ log: { info: line, warn: line } });
    await openCircuit(admission);
    await vi.advanceTimersByTimeAsync(5_000);
    await attempt(admission, "clean");
    await attempt(admission, "clean");

    expect(lines).toEqual([
      [{ provider: "test", account: "one" }, expect.stringContaining("circuit opened")],
      [{ provider: "test", account: "one" }, expect.stringContaining("circuit closed")],
    ]);
  });
});

describe("admit", () => {
  it("waits for the end of a pause that fits the deadline", async () => {
    const admission = open();
    await attempt(admission, "throttled", 2_000);
    const admitted = vi.fn();
    void admit(admission).then(admitted);

    await vi.advanceTimersByTimeAsync(1_999);
    expect(admitted).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(admitted).toHaveBeenCalledOnce();
  });

  it("waits for a pause that was prolonged meanwhile, and for one that began while it waited for the rate", async () => {
    const admission = open({ rateLimit: { perSecond: 2 } });
    const running = await admit(admission);
    running.sent();
    await attempt(admission, "throttled", 500);
    const admitted = vi.fn();
    void admit(admission).then(admitted);

    await vi.advanceTimersByTimeAsync(900);
    running.end("throttled", 2_000);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(admitted).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(admitted).toHaveBeenCalledOnce();
  });

  it("answers at once with the time to come back when the pause ends too late", async () => {
    const admission = open();
    await attempt(admission, "throttled", 2_000);
    const againAt = Date.now() + 2_000;

    expect(await admission.gate.admit(limitsOf(2_249))).toEqual({ reason: "held-back", againAt });
  });

  it("answers at once while the circuit is open, even to who is inside", async () => {
    const admission = open();
    await openCircuit(admission);

    const againAt = Date.now() + 5_000;
    expect(await admission.gate.admit(limitsOf(60_000))).toEqual({ reason: "circuit-open", againAt });
  });

  it("lets nobody wait for the end of a pause when the circuit is open", async () => {
    const admission = open();
    const running = await admit(admission);
    await openCircuit(admission);
    running.end("throttled", 2_000);
    const admitted = vi.fn();
    void admission.gate.admit(limitsOf()).then(admitted);
    await vi.advanceTimersByTimeAsync(0);

    expect(admitted).toHaveBeenCalledWith({ reason: "circuit-open", againAt: Date.now() + 5_000 });
  });

  it("lets go of who leaves during a pause", async () => {
    const admission = open();
    await attempt(admission, "throttled", 2_000);
    const leaving = new AbortController();
    const waiting = admission.gate.admit(limitsOf(8_000, leaving.signal));
    await vi.advanceTimersByTimeAsync(10);

    leaving.abort();

    expect(await waiting).toEqual({ reason: "aborted" });
    expect([vi.getTimerCount(), getEventListeners(leaving.signal, "abort").length]).toEqual([0, 0]);
  });

  it("allows ten repeats at once, and one more for ten calls that succeed at once", () => {
    const { gate } = open();
    const repeats = (): number => Array.from({ length: 20 }, () => gate.mayRepeat("transient")).filter(Boolean).length;

    expect(repeats()).toBe(10);
    for (let call = 0; call < 9; call += 1) gate.succeededAtOnce();
    expect(repeats()).toBe(0);
    gate.succeededAtOnce();
    expect(repeats()).toBe(1);
    for (let call = 0; call < 500; call += 1) gate.succeededAtOnce();
    expect(repeats()).toBe(10);
    expect(gate.mayRepeat("credentials"), "a corrected signature is no load").toBe(true);
  });
});
