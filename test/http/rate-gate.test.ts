import { getEventListeners } from "node:events";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createRateGate, type RateGate, type RateTurn } from "../../src/http/rate-gate.ts";
import type { RateLimit } from "../../src/http/rate-windows.ts";
import type { CallLimits } from "../../src/http/send.ts";

/** The margin for what arrives a little closer than it was sent. */
const marginMs = 20;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => vi.useRealTimers());

const limitsOf = (leftMs = 3_600_000, signal = new AbortController().signal): CallLimits => ({
  signal,
  deadlineAt: Date.now() + leftMs,
});

const openGate = (limit: RateLimit): RateGate => createRateGate(limit, Date.now);

/** Takes a turn, prepares for a while, and sends. */
async function sendOnce(gate: RateGate, prepareMs: number, sentAt: number[]): Promise<void> {
  const turn = await gate.take(limitsOf());
  if ("againAt" in turn) throw new Error("The wait fits the deadline.");
  await new Promise((resolve) => setTimeout(resolve, prepareMs));
  turn.sent();
  sentAt.push(Date.now());
}

async function takeNow(gate: RateGate): Promise<RateTurn> {
  const turn = await gate.take(limitsOf());
  if ("againAt" in turn) throw new Error("No turn is free.");
  return turn;
}

function mostWithin(times: readonly number[], periodMs: number): number {
  const sorted = times.toSorted((left, right) => left - right);
  return Math.max(0, ...sorted.map((end) => sorted.filter((at) => at > end - periodMs && at <= end).length));
}

describe("createRateGate", () => {
  it("lets no more through in any second or minute than it may, however long preparing takes", async () => {
    const senders = fc.array(fc.record({ arrivesInMs: fc.nat(3_000), prepareMs: fc.nat(1_500) }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 5, max: 20 }),
        senders,
        async (perSecond, perMinute, plan) => {
          const gate = openGate({ perSecond, perMinute });
          const sentAt: number[] = [];
          for (const { arrivesInMs, prepareMs } of plan) {
            setTimeout(() => void sendOnce(gate, prepareMs, sentAt), arrivesInMs);
          }
          await vi.advanceTimersByTimeAsync(600_000);

          expect(sentAt).toHaveLength(plan.length);
          expect(mostWithin(sentAt, 1_000)).toBeLessThanOrEqual(perSecond);
          expect(mostWithin(sentAt, 60_000)).toBeLessThanOrEqual(perMinute);
          expect(vi.getTimerCount()).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("reaches the full rate, but for the margin", async () => {
    const gate = openGate({ perSecond: 10 });
    const startedAt = Date.now();
    const sentAt: number[] = [];
    for (let call = 0; call < 100; call += 1) void sendOnce(gate, 0, sentAt);
    await vi.advanceTimersByTimeAsync(20_000);

    expect(sentAt).toHaveLength(100);
    // The last ten wait for nine periods, each begun by the timer of preparing.
    expect((sentAt.at(-1) ?? 0) - startedAt).toBeLessThanOrEqual(9 * (1_000 + marginMs) + 10);
  });

  it("serves in the order of arrival", async () => {
    const gate = openGate({ perSecond: 1 });
    const served: number[] = [];
    for (const number of [1, 2, 3]) {
      void gate.take(limitsOf()).then((turn) => {
        served.push(number);
        if ("sent" in turn) turn.sent();
      });
    }
    await vi.advanceTimersByTimeAsync(5_000);

    expect(served).toEqual([1, 2, 3]);
  });

  it("gives an unused turn to the next at once", async () => {
    const gate = openGate({ perSecond: 1 });
    const turn = await takeNow(gate);
    const next = vi.fn();
    void gate.take(limitsOf()).then(next);
    await vi.advanceTimersByTimeAsync(0);
    expect(next).not.toHaveBeenCalled();

    turn.giveBack();
    await vi.advanceTimersByTimeAsync(0);

    expect(next).toHaveBeenCalledOnce();
  });

  it("answers at once with the time to come back when waiting leaves too little before the deadline", async () => {
    const gate = openGate({ perSecond: 1 });
    (await takeNow(gate)).sent();
    const freeAt = Date.now() + 1_000 + marginMs;

    expect(await gate.take(limitsOf(1_000 + marginMs + 249))).toEqual({ againAt: freeAt });
    const patient = gate.take(limitsOf(1_000 + marginMs + 250));
    await vi.advanceTimersByTimeAsync(1_000 + marginMs);
    expect(await patient).toHaveProperty("sent");
  });

  it("lets go of who leaves: no timer, no listener, no turn", async () => {
    const gate = openGate({ perSecond: 1 });
    (await takeNow(gate)).sent();
    const leaving = new AbortController();
    const waiting = gate.take(limitsOf(600_000, leaving.signal));
    await vi.advanceTimersByTimeAsync(10);
    expect([vi.getTimerCount(), getEventListeners(leaving.signal, "abort").length]).toEqual([1, 1]);

    leaving.abort();
    await waiting;

    expect([vi.getTimerCount(), getEventListeners(leaving.signal, "abort").length]).toEqual([0, 0]);
    await vi.advanceTimersByTimeAsync(1_000 + marginMs);
    expect(gate.againAt(0)).toBeNull();
  });

  it("tells when one more may come in, with those who have come in and not sent", async () => {
    const gate = openGate({ perSecond: 2 });
    const startedAt = Date.now();

    expect([gate.againAt(0), gate.againAt(1)]).toEqual([null, null]);
    expect(gate.againAt(2)).toBe(startedAt + 1_000 + marginMs);
    (await takeNow(gate)).sent();
    expect(gate.againAt(0)).toBeNull();
    expect(gate.againAt(1)).toBe(startedAt + 1_000 + marginMs);
  });

  it.each<[RateLimit, number]>([
    [{ perSecond: 2.9 }, 2],
    [{ perSecond: 0.5 }, 0.5],
    [{ perMinute: 60, perSecond: 30 }, 1],
  ])("sends by %o as many as %d per second in the long run", async (limit, perSecond) => {
    const gate = openGate(limit);
    const sentAt: number[] = [];
    for (let call = 0; call < 400; call += 1) void sendOnce(gate, 0, sentAt);
    // The first minute's calls go at its beginning.
    await vi.advanceTimersByTimeAsync(119_000);

    expect(sentAt.length / 120).toBeLessThanOrEqual(perSecond);
    expect(sentAt.length / 120).toBeGreaterThan(perSecond * 0.97);
  });

  it("holds nobody back without a limit", async () => {
    const gate = openGate({});

    const turns = await Promise.all(Array.from({ length: 1_000 }, () => takeNow(gate)));
    for (const turn of turns) turn.sent();

    expect([gate.againAt(10_000), vi.getTimerCount()]).toEqual([null, 0]);
  });
});
