import { getEventListeners } from "node:events";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createRateGate, type RateGate, type RateTurn } from "../../src/http/rate-gate.ts";
import type { RateLimit } from "../../src/http/rate-windows.ts";
import type { CallLimits } from "../../src/http/send.ts";
import type { SharedRate } from "../../src/http/shared-rate.ts";
import { createSharedRateGate } from "../../src/http/shared-rate-gate.ts";
import { createSlidingWindow } from "../../src/http/sliding-window.ts";

/** The margin for what arrives a little closer than it was sent. */
const marginMs = 20;
const periodMs = 1_000 + marginMs;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => vi.useRealTimers());

const limitsOf = (leftMs = 3_600_000, signal = new AbortController().signal): CallLimits => ({
  signal,
  deadlineAt: Date.now() + leftMs,
});

interface TestCount extends SharedRate {
  /** How often it was asked. */
  asked(): number;
  /** From now on every turn is free, as while the store is away. */
  goAway(): void;
}

/** The count of all replicas, a few milliseconds away. */
function createCount(calls: number, answersInMs = 3): TestCount {
  const window = createSlidingWindow(calls, periodMs);
  let turns = 0;
  let asked = 0;
  let isAway = false;
  return {
    async take() {
      asked += 1;
      await new Promise((resolve) => setTimeout(resolve, answersInMs));
      if (isAway) return { kind: "turn", againInMs: 0, sent: () => undefined, giveBack: () => undefined };
      const againInMs = (): number => Math.max(0, window.freeAt(Date.now(), turns) - Date.now());
      if (againInMs() > 0) return { kind: "wait", againInMs: againInMs() };
      turns += 1;
      let isOpen = true;
      const close = (): boolean => {
        const wasOpen = isOpen;
        if (isOpen) turns -= 1;
        isOpen = false;
        return wasOpen;
      };
      return {
        kind: "turn",
        againInMs: againInMs(),
        sent: () => void (close() && window.record(Date.now())),
        giveBack: () => void close(),
      };
    },
    asked: () => asked,
    goAway: () => {
      isAway = true;
    },
  };
}

const openGate = (limit: RateLimit, count: SharedRate): RateGate =>
  createSharedRateGate(createRateGate(limit, Date.now), count, Date.now);

/** Takes a turn, prepares for a while, and sends. */
async function sendOnce(gate: RateGate, prepareMs: number, sentAt: number[]): Promise<void> {
  const turn = await gate.take(limitsOf());
  if ("againAt" in turn) throw new Error("The wait fits the deadline.");
  await new Promise((resolve) => setTimeout(resolve, prepareMs));
  turn.sent();
  sentAt.push(Date.now());
}

async function takeSoon(gate: RateGate, limits = limitsOf()): Promise<RateTurn> {
  const taking = gate.take(limits);
  await vi.advanceTimersByTimeAsync(3);
  const turn = await taking;
  if ("againAt" in turn) throw new Error("No turn is free.");
  return turn;
}

function mostWithin(times: readonly number[], spanMs: number): number {
  return Math.max(0, ...times.map((end) => times.filter((at) => at > end - spanMs && at <= end).length));
}

describe("createSharedRateGate", () => {
  it("lets no more through in any second than they may together, however long preparing takes", async () => {
    const plans = fc.array(fc.record({ replica: fc.nat(2), arrivesInMs: fc.nat(3_000), prepareMs: fc.nat(1_500) }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), plans, async (perSecond, plan) => {
        const count = createCount(perSecond);
        const gates = [0, 1, 2].map(() => openGate({ perSecond }, count));
        const sentAt: number[] = [];
        for (const { replica, arrivesInMs, prepareMs } of plan) {
          const gate = gates[replica];
          if (gate) setTimeout(() => void sendOnce(gate, prepareMs, sentAt), arrivesInMs);
        }
        await vi.advanceTimersByTimeAsync(200_000);

        expect(sentAt).toHaveLength(plan.length);
        expect(mostWithin(sentAt, 1_000)).toBeLessThanOrEqual(perSecond);
        expect(gates.map((gate) => gate.againAt(0))).toEqual([null, null, null]);
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it("reaches the full rate together, and asks little more than once for each turn", async () => {
    const count = createCount(10);
    const gates = [0, 1, 2].map(() => openGate({ perSecond: 10 }, count));
    const startedAt = Date.now();
    const sentAt: number[] = [];
    for (let call = 0; call < 50; call += 1) for (const gate of gates) void sendOnce(gate, 0, sentAt);
    await vi.advanceTimersByTimeAsync(30_000);

    expect(sentAt).toHaveLength(150);
    // The last ten wait for fourteen periods; a turn has its way to the count.
    expect(Math.max(...sentAt) - startedAt).toBeLessThanOrEqual(14 * (periodMs + 50));
    expect(count.asked()).toBeLessThanOrEqual(150 * 1.5);
  });

  it("keeps to its own rate while the count is away", async () => {
    const count = createCount(10);
    count.goAway();
    const gate = openGate({ perSecond: 2 }, count);
    const sentAt: number[] = [];
    for (let call = 0; call < 10; call += 1) void sendOnce(gate, 0, sentAt);
    await vi.advanceTimersByTimeAsync(10_000);

    expect([sentAt.length, mostWithin(sentAt, 1_000)]).toEqual([10, 2]);
  });

  it("serves in the order of arrival", async () => {
    const gate = openGate({ perSecond: 5 }, createCount(1));
    const served: number[] = [];
    for (const number of [1, 2, 3, 4]) {
      void gate.take(limitsOf()).then((turn) => {
        served.push(number);
        if ("sent" in turn) turn.sent();
      });
    }
    await vi.advanceTimersByTimeAsync(8_000);

    expect(served).toEqual([1, 2, 3, 4]);
  });

  it("asks for no more while the rate is used up", async () => {
    const count = createCount(1);
    (await takeSoon(openGate({ perSecond: 5 }, count))).sent();
    const gate = openGate({ perSecond: 5 }, count);
    for (let call = 0; call < 5; call += 1) void gate.take(limitsOf());
    await vi.advanceTimersByTimeAsync(900);

    expect(count.asked()).toBe(2);
  });

  it("gives an unused turn to the next at once", async () => {
    const gate = openGate({ perSecond: 1 }, createCount(1));
    const turn = await takeSoon(gate);
    const next = vi.fn();
    void gate.take(limitsOf()).then(next);
    await vi.advanceTimersByTimeAsync(10);
    expect(next).not.toHaveBeenCalled();

    turn.giveBack();
    await vi.advanceTimersByTimeAsync(3);

    expect(next).toHaveBeenCalledOnce();
  });

  it("gives no turn back that was sent", async () => {
    const gate = openGate({ perSecond: 5 }, createCount(1));
    const turn = await takeSoon(gate);
    turn.sent();
    turn.giveBack();
    const againAt = gate.againAt(0);
    const next = vi.fn();
    void gate.take(limitsOf()).then(next);
    await vi.advanceTimersByTimeAsync(1_000);

    expect(againAt).toBeGreaterThan(Date.now());
    expect(next).not.toHaveBeenCalled();
  });

  it("answers with the time to come back when waiting for the others leaves too little before the deadline", async () => {
    const count = createCount(1);
    (await takeSoon(openGate({ perSecond: 5 }, count))).sent();
    const gate = openGate({ perSecond: 5 }, count);
    const hasTime = gate.take(limitsOf(4_000));
    const inLine = gate.take(limitsOf(1_200));
    await vi.advanceTimersByTimeAsync(3);
    const againAt = Date.now() + periodMs - 3;

    expect(await inLine, "it learnt of it in the line").toEqual({ againAt });
    expect(await gate.take(limitsOf(1_200)), "it is known by now").toEqual({ againAt });
    await vi.advanceTimersByTimeAsync(periodMs);
    expect(await hasTime).toHaveProperty("sent");
  });

  it("answers at once with the time to come back when its own rate is used up for that long", async () => {
    const gate = openGate({ perSecond: 2 }, createCount(10));
    (await takeSoon(gate)).sent();
    const firstSentAt = Date.now();
    await vi.advanceTimersByTimeAsync(500);
    (await takeSoon(gate)).sent();
    const secondSentAt = Date.now();

    expect(await gate.take(limitsOf(700))).toEqual({ againAt: firstSentAt + periodMs });
    void gate.take(limitsOf());
    expect(await gate.take(limitsOf(1_000)), "another one is first").toEqual({ againAt: secondSentAt + periodMs });
  });

  it("has the next one wait for its own rate when the head leaves", async () => {
    const gate = openGate({ perSecond: 1 }, createCount(10));
    (await takeSoon(gate)).sent();
    const leaving = new AbortController();
    void gate.take(limitsOf(600_000, leaving.signal));
    const next = vi.fn();
    void gate.take(limitsOf()).then(next);
    await vi.advanceTimersByTimeAsync(10);

    leaving.abort();
    await vi.advanceTimersByTimeAsync(900);

    expect(next).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(200);
    expect(next).toHaveBeenCalledOnce();
  });

  it("lets go of who leaves: no timer, no listener, no turn", async () => {
    const count = createCount(1);
    (await takeSoon(openGate({ perSecond: 5 }, count))).sent();
    const gate = openGate({ perSecond: 5 }, count);
    const leaving = new AbortController();
    const waiting = [gate.take(limitsOf(600_000, leaving.signal)), gate.take(limitsOf(600_000, leaving.signal))];
    await vi.advanceTimersByTimeAsync(10);
    expect([vi.getTimerCount(), getEventListeners(leaving.signal, "abort").length]).toEqual([1, 2]);

    leaving.abort();
    await Promise.all(waiting);

    expect([vi.getTimerCount(), getEventListeners(leaving.signal, "abort").length]).toEqual([0, 0]);
    await vi.advanceTimersByTimeAsync(periodMs);
    expect(gate.againAt(0)).toBeNull();
    expect(await takeSoon(gate)).toHaveProperty("sent");
  });

  it("hands a turn on that its asker left behind, or gives it back", async () => {
    const count = createCount(1);
    const gate = openGate({ perSecond: 5 }, count);
    const [leaving, alsoLeaving] = [new AbortController(), new AbortController()];
    void gate.take(limitsOf(600_000, leaving.signal));
    const next = gate.take(limitsOf());
    await vi.advanceTimersByTimeAsync(1);
    leaving.abort();
    await vi.advanceTimersByTimeAsync(2);
    expect(count.asked()).toBe(1);
    const turn = await next;
    if ("giveBack" in turn) turn.giveBack();

    void gate.take(limitsOf(600_000, alsoLeaving.signal));
    await vi.advanceTimersByTimeAsync(1);
    alsoLeaving.abort();
    await vi.advanceTimersByTimeAsync(3);

    expect(await takeSoon(openGate({ perSecond: 5 }, count))).toHaveProperty("sent");
  });

  it("keeps newcomers outside until the shared rate has a turn, then lets one go and see", async () => {
    const count = createCount(2);
    const other = openGate({ perSecond: 5 }, count);
    const gate = openGate({ perSecond: 5 }, count);
    (await takeSoon(other)).sent();
    expect(gate.againAt(3), "nothing is known yet").toBeNull();

    (await takeSoon(gate)).sent();
    const againAt = Date.now() + periodMs - 3;
    expect([gate.againAt(0), gate.againAt(3)]).toEqual([againAt, againAt]);
    await vi.advanceTimersByTimeAsync(periodMs);

    expect(gate.againAt(0)).toBeNull();
    expect(gate.againAt(1), "one is asking").toBeGreaterThan(Date.now());
    (await takeSoon(gate)).giveBack();
    expect(gate.againAt(1), "there are more").toBeNull();
  });

  it("keeps nobody outside for one that has its turn and takes long to send", async () => {
    const gate = openGate({ perSecond: 5 }, createCount(2));
    const [slow, quick] = [await takeSoon(gate), await takeSoon(gate)];
    quick.sent();
    await vi.advanceTimersByTimeAsync(periodMs);

    expect(gate.againAt(1)).toBeNull();
    slow.sent();
  });

  it("does not stay closed until a time that a clock which was set back will reach much later", async () => {
    const count: SharedRate = {
      // By a clock of its own, which nobody sets.
      take: async () => ({ kind: "turn", againInMs: 1_000, sent: () => undefined, giveBack: () => undefined }),
    };
    const gate = openGate({ perSecond: 1 }, count);
    const first = await gate.take(limitsOf());
    if ("sent" in first) first.sent();

    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.advanceTimersByTimeAsync(2_000);

    expect(gate.againAt(0)).toBeNull();
    expect(await gate.take(limitsOf(8_000))).toHaveProperty("sent");
  });
});
