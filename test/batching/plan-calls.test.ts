import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WantedTask } from "../../src/batching/partition.ts";
import { planCalls, type Reads } from "../../src/batching/plan-calls.ts";

const drsLike: Reads = [
  { name: "status", maxIdsPerCall: 100, brings: [] },
  { name: "progress", maxIdsPerCall: 100, brings: ["progress"] },
  { name: "detail", maxIdsPerCall: 10, brings: ["detail"] },
];

const dliLike: Reads = [
  { name: "state", maxIdsPerCall: 1, brings: [] },
  { name: "batch", maxIdsPerCall: 1, brings: ["detail", "owner"] },
];

const sopsLike: Reads = [{ name: "status", maxIdsPerCall: 50, brings: ["children"] }];

function tasks(count: number, ...facets: string[]): WantedTask[] {
  return Array.from({ length: count }, (_, index) => ({
    localId: `${facets.join("+")}${index}`,
    facets: new Set(facets),
  }));
}

/** How many ids each call of a read carries. */
function planned(wanted: readonly WantedTask[], reads: Reads): Record<string, number[]> {
  const byRead = Map.groupBy(planCalls(wanted, reads), ({ read }) => read.name);
  return Object.fromEntries([...byRead].map(([name, calls]) => [name, calls.map(({ localIds }) => localIds.length)]));
}

describe("planCalls", () => {
  it.each<[string, WantedTask[], Reads, Record<string, number[]>]>([
    ["no more than the status: the plain read", tasks(130), drsLike, { status: [65, 65] }],
    [
      "details and progress: those two, no plain read",
      tasks(40, "progress", "detail"),
      drsLike,
      { progress: [40], detail: [10, 10, 10, 10] },
    ],
    ["progress of some: the others ride along", [...tasks(60), ...tasks(40, "progress")], drsLike, { progress: [100] }],
    [
      "progress of a few among many: no more calls than needed, plain ones where they do",
      [...tasks(150), ...tasks(10, "progress")],
      drsLike,
      { status: [80], progress: [80] },
    ],
    [
      "details of some: the others don't ride along with a read of fewer ids",
      [...tasks(90), ...tasks(10, "detail")],
      drsLike,
      { status: [90], detail: [10] },
    ],
    [
      "a read of one id each: never both for one task",
      [...tasks(2), ...tasks(3, "detail", "owner")],
      dliLike,
      { state: [1, 1], batch: [1, 1, 1] },
    ],
    ["a facet of the plain read itself", [...tasks(30), ...tasks(30, "children")], sopsLike, { status: [30, 30] }],
    ["nothing", [], drsLike, {}],
  ])("plans for %s", (_case, wanted, reads, expected) => {
    expect(planned(wanted, reads)).toEqual(expected);
  });

  it("asks a call for the facets that somebody in it wants, and that its read brings", () => {
    const calls = planCalls([...tasks(1), ...tasks(1, "owner"), ...tasks(1, "detail")], dliLike);

    expect(calls.map(({ facets }) => [...facets])).toEqual([[], ["owner"], ["detail"]]);
  });

  it("keeps every limit, brings every facet of every task once, and asks for no task without a need", () => {
    const wishes = fc.array(fc.subarray(["progress", "detail"]), { maxLength: 250 });
    fc.assert(
      fc.property(wishes, fc.constantFrom(drsLike, dliLike, sopsLike), (lists, reads) => {
        const wanted = lists.map((facets, index) => ({ localId: String(index), facets: new Set(facets) }));

        const calls = planCalls(wanted, reads);

        for (const { localIds, read } of calls) expect(localIds.length).toBeLessThanOrEqual(read.maxIdsPerCall);
        for (const { localId, facets } of wanted) {
          const mine = calls.filter(({ localIds }) => localIds.includes(localId));
          const needed = reads.filter(({ brings }) => brings.some((facet) => facets.has(facet)));
          expect(mine.length).toBe(Math.max(1, needed.length));
          expect(needed.every((read) => mine.some((call) => call.read === read))).toBe(true);
        }
      }),
    );
  });
});
