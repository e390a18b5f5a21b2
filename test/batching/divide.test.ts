import { describe, expect, it } from "vitest";
import { type AskedPart, askDividing } from "../../src/batching/divide.ts";
import type { CallAnswer, TaskCall } from "../../src/providers/provider.ts";
import { createProblem } from "../../src/tasks/problem.ts";
import { someTime } from "./task-keys.ts";
import { createUpstreamOfTruths, type Truth } from "./upstream-of-truths.ts";

const idsTo = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index + 1));

async function askAll(
  localIds: readonly string[],
  truthOf: (localId: string) => Truth,
): Promise<{ parts: AskedPart<string>[]; culprits: string[]; calls: readonly TaskCall[] }> {
  const upstream = createUpstreamOfTruths("one", truthOf);
  const ask = (ids: readonly string[]): Promise<CallAnswer> =>
    upstream.fetchTasks({ limits: someTime, read: "read", localIds: ids, scope: "", facets: new Set() });
  const parts: AskedPart<string>[] = [];
  const culprits = await askDividing(localIds, { ask, tell: (part) => parts.push(part) });
  return { parts, culprits, calls: upstream.calls };
}

describe("askDividing", () => {
  it("asks once when the call is answered", async () => {
    const { parts, calls } = await askAll(idsTo(50), () => "found");

    expect([parts.length, calls.length]).toEqual([1, 1]);
  });

  it.each(idsTo(50))(
    "corners culprit %s of 50 in at most 14 extra calls, and has the other 49 answered",
    async (culprit) => {
      const { parts, calls } = await askAll(idsTo(50), (id) => (id === culprit ? "poison" : "found"));

      const failed = parts.filter(({ answer }) => answer.kind === "failed");
      expect(failed.map(({ tasks }) => tasks)).toEqual([[culprit]]);
      expect(parts.flatMap(({ tasks }) => tasks).toSorted()).toEqual(idsTo(50).toSorted());
      expect(calls.length - 1).toBeLessThanOrEqual(14);
    },
  );

  it("corners two culprits in different halves, and has the other 48 answered", async () => {
    const { parts, calls } = await askAll(idsTo(50), (id) => (id === "1" || id === "50" ? "poison" : "found"));

    const failed = parts.filter(({ answer }) => answer.kind === "failed");
    expect(failed.flatMap(({ tasks }) => tasks).toSorted()).toEqual(["1", "50"]);
    expect(calls.length - 1).toBeLessThanOrEqual(28);
  });

  it.each([
    [1, 0],
    [2, 2],
    [3, 4],
    [50, 14],
    [100, 16],
  ])(
    "stops after a while when all of %d ids fail, because an id may not be the cause: %d extra calls",
    async (count, extra) => {
      const { parts, calls } = await askAll(idsTo(count), () => "poison");

      expect(calls.length - 1).toBe(extra);
      expect(parts.flatMap(({ tasks }) => tasks).toSorted()).toEqual(idsTo(count).toSorted());
    },
  );

  it("calls what it left undecided worth asking again, and what it cornered not", async () => {
    const { parts } = await askAll(idsTo(50), () => "poison");

    for (const { tasks, answer } of parts) {
      expect(answer.kind === "failed" && answer.problem.retryable).toBe(tasks.length > 1);
    }
  });

  it("does not divide a failure that no id can cause", async () => {
    const { parts, calls } = await askAll(idsTo(50), (id) => (id === "7" ? "outage" : "found"));

    expect([parts.length, calls.length]).toEqual([1, 1]);
    expect(parts[0]).toMatchObject({ tasks: idsTo(50), answer: { divisible: false } });
  });

  it("does not divide a half further that fails for a reason that no id can cause", async () => {
    const calls: string[] = [];
    const failures: Readonly<Record<string, boolean>> = {
      "1,2,3,4": true,
      "1,2": false,
      "3,4": true,
      3: true,
      4: true,
    };
    const problem = createProblem("UPSTREAM_ERROR", "Text.");

    const parts: AskedPart<string>[] = [];
    await askDividing(["1", "2", "3", "4"], {
      async ask(ids) {
        calls.push(ids.join());
        return { kind: "failed", problem, divisible: failures[ids.join()] ?? false };
      },
      tell: (part) => parts.push(part),
    });

    expect(calls).toEqual(["1,2,3,4", "1,2", "3,4", "3", "4"]);
    expect(parts.map(({ tasks }) => tasks.join())).toEqual(["1,2", "3", "4"]);
  });

  it("keeps the order of ids in every half", async () => {
    const { calls } = await askAll(idsTo(5), (id) => (id === "5" ? "poison" : "found"));

    expect(calls.map(({ localIds }) => localIds.join())).toEqual(["1,2,3,4,5", "1,2,3", "4,5", "4", "5"]);
  });

  it("tells who the culprits are, where others were answered", async () => {
    const { culprits } = await askAll(idsTo(50), (id) => (id === "1" || id === "50" ? "poison" : "found"));

    expect(culprits.toSorted()).toEqual(["1", "50"]);
  });

  it.each([
    ["everybody fails", idsTo(50), (): Truth => "poison"],
    ["the only one fails", ["1"], (): Truth => "poison"],
    ["no id can be the cause", idsTo(50), (): Truth => "outage"],
    ["all are answered", idsTo(50), (): Truth => "found"],
  ])("suspects nobody when %s", async (_case, ids, truthOf) => {
    expect((await askAll(ids, truthOf)).culprits).toEqual([]);
  });

  it("tells of each part as soon as it is decided, not when the last one is", async () => {
    const { promise: never } = Promise.withResolvers<CallAnswer>();
    const upstream = createUpstreamOfTruths("one", (id) => (id === "4" ? "poison" : "found"));
    const told: string[] = [];

    const answered = new Promise<void>((resolve) => {
      void askDividing(["1", "2", "3", "4"], {
        ask: (ids) =>
          ids.join() === "3"
            ? never
            : upstream.fetchTasks({ limits: someTime, read: "read", localIds: ids, scope: "", facets: new Set() }),
        tell({ tasks }) {
          told.push(tasks.join());
          resolve();
        },
      });
    });
    await answered;

    expect(told).toEqual(["1,2"]);
  });
});
