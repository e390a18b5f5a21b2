import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Admission, Admittance } from "../../src/batching/admission.ts";
import type { Outcome } from "../../src/tasks/outcome.ts";
import { createHeldUpstream, type HeldUpstream, settled } from "./held-upstream.ts";
import { type BatchingTest, createTestBatching, keyOf } from "./task-keys.ts";

/** Places that its test hands out. */
interface TestAdmission extends Admission {
  places: number;
  /** Answers everybody, whatever places there are. */
  instead: Admittance | null;
}

function createTestAdmission(places: number): TestAdmission {
  return {
    places,
    instead: null,
    tryEnter() {
      if (this.instead) return this.instead;
      if (this.places === 0) return { kind: "full", againAt: null };
      this.places -= 1;
      return { kind: "entered" };
    },
    leave() {
      this.places += 1;
    },
    standing: () => "open",
  };
}

const deadlineMs = 8_000;

let upstream: HeldUpstream;
let admission: TestAdmission;
let batching: BatchingTest;

function open(places: number, maxWaitingIds = 10_000): void {
  upstream = createHeldUpstream();
  admission = createTestAdmission(places);
  batching = createTestBatching({ one: { client: upstream, limit: 3, admission, maxWaitingIds } }, Date.now);
}

const ask = (ids: readonly string[], scope = "", within = deadlineMs): Promise<Outcome[]> =>
  batching.fetchTasks(
    ids.map((id) => keyOf("one", id, [], scope)),
    { signal: new AbortController().signal, deadlineAt: Date.now() + within },
  );

const codesOf = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map((outcome) => (outcome.kind === "found" ? "found" : outcome.problem.code));

const retryAfterOf = ([outcome]: readonly Outcome[]): number | null | undefined =>
  outcome?.kind === "problem" ? outcome.problem.retryAfterAt : undefined;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("keys of an account without a free place", () => {
  it("wait for one, and share what calls they need then", async () => {
    open(1);
    const asked = [ask(["1"])];
    await settled();
    asked.push(ask(["2"]), ask(["3"]), ask(["4"]), ask(["5"]));
    await vi.advanceTimersByTimeAsync(100);

    expect(upstream.asked()).toEqual(["1"]);
    await upstream.calls[0]?.answer();
    expect(upstream.asked()).toEqual(["1", "2,3"]);
    await upstream.calls[1]?.answer();
    await upstream.calls[2]?.answer();
    expect(upstream.asked()).toEqual(["1", "2,3", "4,5"]);
    expect((await Promise.all(asked)).map(codesOf)).toEqual(Array(5).fill(["found"]));
  });

  it("leave in turns with those of other partitions", async () => {
    open(1);
    const asked = [ask(["1"])];
    await settled();
    asked.push(ask(["2", "3", "4", "5", "6", "7", "8"]), ask(["1"], "9"));
    await settled();
    for (let next = 0; next < 4; next += 1) await upstream.calls[next]?.answer();
    await upstream.calls[4]?.answer();

    const scopes = upstream.calls.map(({ scope }) => scope);
    expect(scopes.indexOf("9")).toBeLessThanOrEqual(2);
    expect((await Promise.all(asked)).flatMap(codesOf)).toEqual(Array(9).fill("found"));
  });

  it("are refused when a quarter of their time is over, and told when to come back; the others are answered", async () => {
    open(1);
    const first = ask(["1"]);
    await settled();
    const second = ask(["1", "2"]);
    await vi.advanceTimersByTimeAsync(deadlineMs / 4 - 1);
    expect(batching.load().waitingKeys).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(batching.load().waitingKeys).toBe(0);
    await upstream.calls[0]?.answer();

    expect(codesOf(await first)).toEqual(["found"]);
    const outcomes = await second;
    expect(codesOf(outcomes)).toEqual(["found", "OVERLOADED"]);
    expect(retryAfterOf(outcomes.slice(1))).toBe(1_000_000 + deadlineMs / 4 + deadlineMs / 4);
    expect(upstream.asked()).toEqual(["1"]);
  });

  it("are refused at once beyond the number that may wait", async () => {
    open(0, 2);
    const asked = [ask(["1", "2", "3"]), ask(["2"])];
    await settled();

    expect(batching.load().waitingKeys).toBe(2);
    await vi.advanceTimersByTimeAsync(deadlineMs / 4);
    expect((await Promise.all(asked)).map(codesOf)).toEqual([
      ["OVERLOADED", "OVERLOADED", "OVERLOADED"],
      ["OVERLOADED"],
    ]);
    expect(upstream.calls).toEqual([]);
  });

  it("wait until the rate allows the next call", async () => {
    open(1);
    admission.instead = { kind: "full", againAt: Date.now() + 300 };
    const asked = ask(["1"]);
    await vi.advanceTimersByTimeAsync(299);
    expect(upstream.calls).toEqual([]);
    admission.instead = null;
    await vi.advanceTimersByTimeAsync(1);

    await upstream.calls[0]?.answer();
    expect(codesOf(await asked)).toEqual(["found"]);
  });
});

describe("keys of a closed account", () => {
  it("are all refused at once while its circuit is open", async () => {
    open(1);
    const first = ask(["1"]);
    await settled();
    const second = ask(["2", "3"]);
    await settled();
    admission.instead = { kind: "closed", because: "circuit-open", until: Date.now() + 5_000 };
    await upstream.calls[0]?.fail();

    expect(codesOf(await first)).toEqual(["UPSTREAM_UNAVAILABLE"]);
    const refused = await second;
    expect(codesOf(refused)).toEqual(["CIRCUIT_OPEN", "CIRCUIT_OPEN"]);
    expect(retryAfterOf(refused)).toBe(Date.now() + 5_000);
    const third = ask(["4"]);
    await settled();
    expect(codesOf(await third)).toEqual(["CIRCUIT_OPEN"]);
    expect(upstream.asked()).toEqual(["1"]);
  });

  it("wait for the end of a pause that fits their time, longer than a quarter of it", async () => {
    open(1);
    admission.instead = { kind: "closed", because: "throttled", until: Date.now() + 5_000 };
    const patient = ask(["1"]);
    const short = ask(["1"], "", 5_200);
    await vi.advanceTimersByTimeAsync(4_999);

    const refused = await short;
    expect([codesOf(refused), retryAfterOf(refused)]).toEqual([["RATE_LIMITED"], 1_005_000]);
    expect(upstream.calls).toEqual([]);
    admission.instead = null;
    await vi.advanceTimersByTimeAsync(1);
    await upstream.calls[0]?.answer();
    expect(codesOf(await patient)).toEqual(["found"]);
  });

  it("are refused in time after a pause that ended when the clock was set back", async () => {
    open(1);
    admission.instead = { kind: "closed", because: "throttled", until: Date.now() + 2_000 };
    const first = ask(["1"]);
    await settled();
    vi.setSystemTime(Date.now() - 900_000);
    admission.instead = null;
    await vi.advanceTimersByTimeAsync(2_000);

    const waiting = ask(["2"]);
    await vi.advanceTimersByTimeAsync(2_010);

    expect(codesOf(await waiting)).toEqual(["OVERLOADED"]);
    await upstream.calls[0]?.answer();
    expect(codesOf(await first)).toEqual(["found"]);
  });
});

describe("a call that is divided", () => {
  it("takes a place for every part, before newcomers get one", async () => {
    open(1);
    const asked = [ask(["1", "2"])];
    await settled();
    asked.push(ask(["3"]));
    await upstream.calls[0]?.fail({ divisible: true });
    for (let next = 1; next < 4; next += 1) await upstream.calls[next]?.answer();

    expect(upstream.asked()).toEqual(["1,2", "1", "2", "3"]);
    expect((await Promise.all(asked)).map(codesOf)).toEqual([["found", "found"], ["found"]]);
    expect(admission.places).toBe(1);
  });

  it("leaves its parts unasked when the account is closed meanwhile", async () => {
    open(1);
    const asked = ask(["1", "2"]);
    await settled();
    admission.instead = { kind: "closed", because: "circuit-open", until: Date.now() + 5_000 };
    await upstream.calls[0]?.fail({ divisible: true });

    expect(codesOf(await asked)).toEqual(["CIRCUIT_OPEN", "CIRCUIT_OPEN"]);
    expect(upstream.asked()).toEqual(["1,2"]);
  });
});

describe("calls that tell of the same tasks", () => {
  it("leave together, and go on as places come free", async () => {
    upstream = createHeldUpstream();
    admission = createTestAdmission(2);
    const reads = [
      { name: "status", maxIdsPerCall: 100, brings: [] },
      { name: "progress", maxIdsPerCall: 100, brings: ["progress"] },
      { name: "detail", maxIdsPerCall: 2, brings: ["detail"] },
    ] as const;
    batching = createTestBatching({ one: { client: upstream, reads, admission } }, Date.now);
    const asked = batching.fetchTasks(
      ["1", "2", "3"].map((id) => keyOf("one", id, ["progress", "detail"])),
      { signal: new AbortController().signal, deadlineAt: Date.now() + deadlineMs },
    );
    await settled();

    expect(upstream.calls.map(({ read, localIds }) => `${read} ${localIds}`)).toEqual(["progress 1,2,3", "detail 1,2"]);
    await upstream.calls[0]?.answer();
    expect(upstream.calls.map(({ read }) => read)).toEqual(["progress", "detail", "detail"]);
    await upstream.calls[1]?.answer();
    await upstream.calls[2]?.answer();
    expect(codesOf(await asked)).toEqual(["found", "found", "found"]);
    expect(admission.places).toBe(2);
  });
});
