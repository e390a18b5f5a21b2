import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Outcome } from "../../src/tasks/outcome.ts";
import { createHeldUpstream, type HeldUpstream, settled } from "./held-upstream.ts";
import { type BatchingTest, createTestBatching, keyOf, someTime } from "./task-keys.ts";

let upstream: HeldUpstream;
let batching: BatchingTest;

beforeEach(() => {
  vi.useFakeTimers();
  upstream = createHeldUpstream();
  batching = createTestBatching({ one: { client: upstream, limit: 3 } }, Date.now);
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  expect(batching.load()).toEqual({
    partitions: 0,
    waitingKeys: 0,
    keysInFlight: 0,
    callsInFlight: 0,
    quarantinedKeys: 0,
  });
  vi.useRealTimers();
});

const ask = (ids: readonly string[], facets: readonly string[] = [], scope = ""): Promise<Outcome[]> =>
  batching.fetchTasks(
    ids.map((id) => keyOf("one", id, facets, scope)),
    someTime,
  );

const sourcesOf = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map((outcome) => (outcome.kind === "found" ? outcome.source : outcome.problem.code));

async function answerAll(): Promise<void> {
  for (let next = 0; next < upstream.calls.length; next += 1) {
    await upstream.calls[next]?.answer();
    await vi.advanceTimersByTimeAsync(5);
    await settled();
  }
}

describe("requests that ask at the same time", () => {
  it("share one call in an idle partition, in the same turn of the event loop", async () => {
    const asked = [ask(["1"]), ask(["2"]), ask(["1"])];
    await settled();

    expect(upstream.asked()).toEqual(["1,2"]);
    await answerAll();
    expect((await Promise.all(asked)).map(sourcesOf)).toEqual([["UPSTREAM"], ["UPSTREAM"], ["UPSTREAM"]]);
    expect(batching.told).toContain("callWait test 0");
  });

  it("share the answer of a call that is under way, and say so", async () => {
    const first = ask(["1", "2"]);
    await settled();
    const second = ask(["2", "1"]);
    await settled();

    expect(upstream.asked()).toEqual(["1,2"]);
    await answerAll();
    expect(sourcesOf(await first)).toEqual(["UPSTREAM", "UPSTREAM"]);
    expect(sourcesOf(await second)).toEqual(["SHARED_IN_FLIGHT", "SHARED_IN_FLIGHT"]);
  });

  it("share its failure, too", async () => {
    const asked = [ask(["1"])];
    await settled();
    asked.push(ask(["1"]));
    await upstream.calls[0]?.fail();

    expect((await Promise.all(asked)).map(sourcesOf)).toEqual([["UPSTREAM_UNAVAILABLE"], ["UPSTREAM_UNAVAILABLE"]]);
    expect(upstream.asked()).toEqual(["1"]);
  });

  it("never share between scopes", async () => {
    const asked = [ask(["1"], [], "2"), ask(["1"], [], "3")];
    await settled();

    expect(upstream.calls.map(({ scope }) => scope)).toEqual(["2", "3"]);
    await answerAll();
    await Promise.all(asked);
  });
});

describe("a question about more than the status", () => {
  it("is not answered by a call under way that brings less", async () => {
    const asked = [ask(["1"])];
    await settled();
    asked.push(ask(["1"], ["children"]));
    await settled();
    await vi.advanceTimersByTimeAsync(5);

    expect(upstream.calls.map(({ facets }) => [...facets])).toEqual([[], ["children"]]);
    await answerAll();
    expect((await Promise.all(asked)).map(sourcesOf)).toEqual([["UPSTREAM"], ["UPSTREAM"]]);
  });

  it("has its answer shared by whoever wants less", async () => {
    const asked = [ask(["1"], ["children", "items"])];
    await settled();
    asked.push(ask(["1"], ["items"]), ask(["1"]));
    await settled();

    expect(upstream.asked()).toEqual(["1"]);
    await answerAll();
    expect((await Promise.all(asked)).map(sourcesOf)).toEqual([
      ["UPSTREAM"],
      ["SHARED_IN_FLIGHT"],
      ["SHARED_IN_FLIGHT"],
    ]);
  });

  it("joins a question that waits already, which then asks for all that is wanted", async () => {
    const asked = [ask(["1"]), ask(["1"], ["items"]), ask(["1"], ["children"])];
    await settled();

    expect(upstream.calls.map(({ facets }) => [...facets].toSorted())).toEqual([["children", "items"]]);
    await answerAll();
    await Promise.all(asked);
  });

  it("is asked for behind a poorer one, and answers those who come after it", async () => {
    const asked = [ask(["1"])];
    await settled();
    asked.push(ask(["1"], ["items"]));
    await settled();
    await vi.advanceTimersByTimeAsync(5);
    await upstream.calls[0]?.answer();
    asked.push(ask(["1"]));
    await settled();

    expect(upstream.asked()).toEqual(["1", "1"]);
    await answerAll();
    expect(sourcesOf((await Promise.all(asked)).flat())).toEqual(["UPSTREAM", "UPSTREAM", "SHARED_IN_FLIGHT"]);
  });
});

describe("newcomers of a busy partition", () => {
  it("gather for 5 ms", async () => {
    const asked = [ask(["1"])];
    await settled();
    asked.push(ask(["2"]));
    await settled();
    await vi.advanceTimersByTimeAsync(4);
    asked.push(ask(["3"]));
    await settled();

    expect(upstream.asked()).toEqual(["1"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(upstream.asked()).toEqual(["1", "2,3"]);
    expect(batching.told).toContain("callWait test 0.005");
    await answerAll();
    await Promise.all(asked);
  });

  it("leave at once when they fill a call; the rest goes on gathering", async () => {
    const asked = [ask(["1"])];
    await settled();
    asked.push(ask(["2", "3"]), ask(["4", "5"]));
    await settled();

    expect(upstream.asked()).toEqual(["1", "2,3,4"]);
    await vi.advanceTimersByTimeAsync(5);
    expect(upstream.asked()).toEqual(["1", "2,3,4", "5"]);
    await answerAll();
    await Promise.all(asked);
  });

  it("leave as soon as the partition is idle again", async () => {
    const asked = [ask(["1"])];
    await settled();
    asked.push(ask(["2"]));
    await settled();
    await upstream.calls[0]?.answer();

    expect(upstream.asked()).toEqual(["1", "2"]);
    await answerAll();
    await Promise.all(asked);
  });

  it("do not wait for a busy partition of the same account", async () => {
    const asked = [ask(["1"], [], "2")];
    await settled();
    asked.push(ask(["1"], [], "3"));
    await settled();

    expect(upstream.calls).toHaveLength(2);
    await answerAll();
    await Promise.all(asked);
  });
});
