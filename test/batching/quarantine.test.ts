import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createQuarantine } from "../../src/batching/quarantine.ts";
import type { Outcome } from "../../src/tasks/outcome.ts";
import { type BatchingTest, createTestBatching, keyOf } from "./task-keys.ts";
import { createUpstreamOfTruths, type Truth, type UpstreamOfTruths } from "./upstream-of-truths.ts";

const idsTo50 = Array.from({ length: 50 }, (_, index) => String(index + 1));

let truths: Map<string, Truth>;
let upstream: UpstreamOfTruths;
let batching: BatchingTest;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  truths = new Map([["23", "poison"]]);
  upstream = createUpstreamOfTruths("one", (localId) => truths.get(localId) ?? "found");
  batching = createTestBatching({ one: { client: upstream, limit: 50 } }, Date.now);
});

afterEach(() => {
  vi.useRealTimers();
});

/** What asking for the fifty costs, and who of them has a problem. */
async function askForAll(): Promise<{ sizes: number[]; failed: string[] }> {
  const before = upstream.calls.length;
  const asked = batching.fetchTasks(
    idsTo50.map((id) => keyOf("one", id)),
    { signal: new AbortController().signal, deadlineAt: Date.now() + 8_000 },
  );
  await vi.advanceTimersByTimeAsync(100);
  const outcomes: Outcome[] = await asked;
  return {
    sizes: upstream.calls.slice(before).map(({ localIds }) => localIds.length),
    failed: idsTo50.filter((_, index) => outcomes[index]?.kind === "problem"),
  };
}

describe("an id that makes whole calls fail", () => {
  it("costs 14 extra calls once, and for a minute one of its own", async () => {
    const first = await askForAll();
    await vi.advanceTimersByTimeAsync(30_000);
    const second = await askForAll();

    expect(first.sizes.length - 1).toBeLessThanOrEqual(14);
    expect(second.sizes.toSorted((left, right) => left - right)).toEqual([1, 49]);
    const suspects = upstream.calls.filter(({ isSuspect }) => isSuspect);
    expect(suspects.map(({ localIds }) => localIds)).toEqual([["23"]]);
    expect([first.failed, second.failed]).toEqual([["23"], ["23"]]);
    expect(batching.load().quarantinedKeys).toBe(1);
  });

  it("is told to other replicas, until when it is asked alone and that it may mix again", async () => {
    await askForAll();
    const told = (): string[] => batching.told.filter((line) => line.startsWith("quarantineChanged"));
    expect(told()).toEqual([expect.stringMatching(/^quarantineChanged one {2}23 10\d{5}$/)]);

    truths.set("23", "found");
    await askForAll();
    expect(told().at(-1)).toBe("quarantineChanged one  23 ");
  });

  it("costs a replica that was told of it no divided call", async () => {
    batching.quarantine(keyOf("one", "23").reference, Date.now() + 30_000);

    expect((await askForAll()).sizes.toSorted((left, right) => left - right)).toEqual([1, 49]);
    expect((await askForAll()).failed).toEqual(["23"]);
  });

  it("is not kept alone for longer because the clock was set back", async () => {
    truths.clear();
    batching.quarantine(keyOf("one", "23").reference, Date.now() + 60_000);
    vi.setSystemTime(Date.now() - 900_000);
    await vi.advanceTimersByTimeAsync(60_001);

    expect((await askForAll()).sizes).toEqual([50]);
    expect(batching.load().quarantinedKeys).toBe(0);
  });

  it("is not kept alone for longer than a minute, whatever another replica tells", async () => {
    truths.clear();
    batching.quarantine(keyOf("one", "23").reference, Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(60_001);

    expect((await askForAll()).sizes).toEqual([50]);
  });

  it("stays alone as long as asking for it goes on failing", async () => {
    await askForAll();
    for (let minute = 0; minute < 3; minute += 1) {
      await vi.advanceTimersByTimeAsync(45_000);
      expect((await askForAll()).sizes).toHaveLength(2);
    }
  });

  it("mixes with others again after a minute in which nobody asked for it", async () => {
    await askForAll();
    await vi.advanceTimersByTimeAsync(60_000);
    truths.delete("23");

    expect(batching.load().quarantinedKeys).toBe(0);
    expect((await askForAll()).sizes).toEqual([50]);
  });

  it("mixes with others again as soon as it was answered", async () => {
    await askForAll();
    truths.delete("23");

    expect((await askForAll()).sizes.toSorted((left, right) => left - right)).toEqual([1, 49]);
    expect((await askForAll()).sizes).toEqual([50]);
  });

  it("stays alone when the account fails as a whole, which says nothing about the id", async () => {
    await askForAll();
    truths = new Map([...idsTo50.map((id): [string, Truth] => [id, "outage"])]);
    await askForAll();
    truths = new Map([["23", "poison"]]);

    expect((await askForAll()).sizes).toHaveLength(2);
  });
});

const untold = (): void => undefined;

describe("createQuarantine", () => {
  it("keeps scopes apart", () => {
    const quarantine = createQuarantine(() => 0, untold);
    quarantine.add("2", "7");

    expect([quarantine.has("2", "7"), quarantine.has("3", "7")]).toEqual([true, false]);
  });

  it("forgets what is over, so that it does not grow", () => {
    let now = 0;
    const quarantine = createQuarantine(() => now, untold);
    for (let id = 0; id < 1_000; id += 1) {
      now += 1_000;
      quarantine.add("", String(id));
    }

    expect(quarantine.size()).toBe(60);
  });
});
