import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Breaker, type BreakerAttempt, type BreakerOutcome, createBreaker } from "../../src/http/breaker.ts";

let breaker: Breaker;
let changes: string[];

beforeEach(() => {
  vi.useFakeTimers();
  changes = [];
  breaker = createBreaker((state) => changes.push(state));
});

afterEach(() => vi.useRealTimers());

function begin(): BreakerAttempt {
  const attempt = breaker.begin();
  if (!("end" in attempt)) throw new Error(`The breaker is ${breaker.state()}.`);
  return attempt;
}

/** Attempts with these outcomes, one after another. */
async function attempts(...outcomes: readonly BreakerOutcome[]): Promise<void> {
  for (const outcome of outcomes) {
    begin().end(outcome);
    await vi.advanceTimersByTimeAsync(0);
  }
}

const times = (count: number, outcome: BreakerOutcome): BreakerOutcome[] =>
  Array.from({ length: count }, () => outcome);

const open = (): Promise<void> => attempts(...times(5, "lost"));

describe("a closed breaker", () => {
  it("opens when five in a row were lost, not before", async () => {
    await attempts(...times(4, "lost"));
    expect(breaker.state()).toBe("closed");

    await attempts("lost");

    expect(breaker.state()).toBe("open");
    expect(breaker.begin()).toEqual({ againInMs: 5_000 });
    expect(breaker.entryInMs()).toBe(5_000);
    expect(changes).toEqual(["open"]);
  });

  it.each<BreakerOutcome>(["succeeded", "troubled"])("begins to count anew when one of them %s", async (outcome) => {
    await attempts(...times(4, "lost"), outcome, ...times(4, "lost"));

    expect(breaker.state()).toBe("closed");
  });

  it("passes over neutral attempts, which neither fail nor succeed", async () => {
    await attempts(...times(4, "lost"), ...times(30, "neutral"));
    expect(breaker.state()).toBe("closed");

    await attempts("lost");

    expect(breaker.state()).toBe("open");
  });

  it("opens when half of twenty calls failed", async () => {
    await attempts(...times(10, "succeeded"), ...times(9, "troubled"));
    expect(breaker.state()).toBe("closed");

    await attempts("troubled");

    expect(breaker.state()).toBe("open");
  });

  it("does not open when less than half failed", async () => {
    await attempts(...times(11, "succeeded"), ...times(10, "troubled"));

    expect(breaker.state()).toBe("closed");
  });

  it("does not open by fewer than twenty calls that were answered", async () => {
    await attempts(...times(19, "troubled"), ...times(50, "neutral"));

    expect(breaker.state()).toBe("closed");
  });

  it("counts the calls of ten seconds", async () => {
    await attempts(...times(19, "troubled"));
    await vi.advanceTimersByTimeAsync(9_990);
    await attempts("troubled");

    expect(breaker.state()).toBe("open");
  });

  it("forgets the calls of before, however few come after", async () => {
    await attempts(...times(19, "troubled"));
    for (let call = 0; call < 9; call += 1) {
      await vi.advanceTimersByTimeAsync(call === 0 ? 10_000 : 1_000);
      await attempts("troubled");
    }

    expect(breaker.state()).toBe("closed");
  });

  it("counts the calls of ten seconds when the clock is set back, too", async () => {
    await attempts(...times(10, "troubled"));
    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.advanceTimersByTimeAsync(20_000);
    await attempts(...times(10, "succeeded"));
    await attempts(...times(1, "troubled"));

    expect(breaker.state()).toBe("closed");
  });
});

describe("an open breaker", () => {
  it("lets nothing through before its time", async () => {
    await open();
    await vi.advanceTimersByTimeAsync(4_999);

    expect(breaker.begin()).toEqual({ againInMs: 1 });
    expect(breaker.entryInMs()).toBe(1);
  });

  it("does not listen to attempts that began before it opened", async () => {
    const [late, later] = [begin(), begin()];
    await open();
    late.end("succeeded");
    await vi.advanceTimersByTimeAsync(5_000);
    begin();

    later.end("lost");
    await vi.advanceTimersByTimeAsync(0);

    expect(breaker.state()).toBe("half-open");
  });

  it("has one probe at a time", async () => {
    await open();
    await vi.advanceTimersByTimeAsync(5_000);

    const probe = begin();

    expect([breaker.state(), breaker.begin(), breaker.entryInMs()]).toEqual(["half-open", { againInMs: 1_000 }, 1_000]);
    probe.end("succeeded");
    await vi.advanceTimersByTimeAsync(0);
    expect([breaker.state(), breaker.entryInMs()]).toEqual(["half-open", 0]);
  });

  it("closes after two successes", async () => {
    await open();
    await vi.advanceTimersByTimeAsync(5_000);

    await attempts("succeeded");
    expect(breaker.state()).toBe("half-open");
    await attempts("succeeded");

    expect(breaker.state()).toBe("closed");
    expect(changes).toEqual(["open", "half-open", "closed"]);
  });

  it.each<BreakerOutcome>(["lost", "troubled"])("opens again when a probe is %s, also the second", async (outcome) => {
    await open();
    await vi.advanceTimersByTimeAsync(5_000);
    await attempts("succeeded", outcome);

    expect(breaker.state()).toBe("open");
  });

  it("passes over neutral probes: they neither close it nor open it again, nor do they keep others out", async () => {
    await open();
    await vi.advanceTimersByTimeAsync(5_000);

    await attempts("neutral", "neutral", "succeeded", "neutral", "neutral");
    expect(breaker.state()).toBe("half-open");
    await attempts("succeeded");

    expect(breaker.state()).toBe("closed");
  });

  it("stays open twice as long after each failed probe, up to a minute, and 5 s again after it closed", async () => {
    await open();
    const openFor: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      const waitMs = breaker.entryInMs();
      openFor.push(waitMs);
      await vi.advanceTimersByTimeAsync(waitMs);
      await attempts("lost");
    }
    await vi.advanceTimersByTimeAsync(60_000);
    await attempts("succeeded", "succeeded");
    await open();

    expect(openFor).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(breaker.entryInMs()).toBe(5_000);
  });

  it.each([-3_600_000, 3_600_000])(
    "probes no later than after its time when the clock is set %i ms on",
    async (setMs) => {
      await open();
      vi.setSystemTime(Date.now() + setMs);
      await vi.advanceTimersByTimeAsync(5_000);
      await attempts("succeeded", "succeeded");

      expect(breaker.state()).toBe("closed");
    },
  );

  it("keeps nobody out for longer when the clock is set back behind one who was let in", async () => {
    await open();
    await vi.advanceTimersByTimeAsync(5_000);
    breaker.entered();
    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.advanceTimersByTimeAsync(1_000);

    expect(breaker.entryInMs()).toBe(0);
  });

  it("starts with a clean record when it has closed", async () => {
    await attempts(...times(20, "troubled"));
    await vi.advanceTimersByTimeAsync(5_000);
    await attempts("succeeded", "succeeded", "troubled", ...times(4, "lost"));

    expect(breaker.state()).toBe("closed");
  });

  it("lets one in to probe, and another when a second has passed without its attempt", async () => {
    await open();
    await vi.advanceTimersByTimeAsync(5_000);

    expect(breaker.entryInMs()).toBe(0);
    breaker.entered();
    expect(breaker.entryInMs()).toBe(1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(breaker.entryInMs()).toBe(0);
  });
});
