import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fullChunks } from "../../src/batching/even-chunks.ts";
import { type PlannedCall, planCalls, type Reads, type WantedTask } from "../../src/batching/plan-calls.ts";

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
  return sizesByRead(planCalls(wanted, reads).flat());
}

function sizesByRead(calls: readonly PlannedCall[]): Record<string, number[]> {
  const byRead = Map.groupBy(calls, ({ read }) => read.name);
  return Object.fromEntries([...byRead].map(([name, ofRead]) => [name, ofRead.map((call) => call.tasks.length)]));
}

const idsOf = ({ tasks: planned }: PlannedCall): string[] => planned.map(({ localId }) => localId);

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
    const calls = planCalls([...tasks(1), ...tasks(1, "owner"), ...tasks(1, "detail")], dliLike).flat();

    expect(calls.map(({ facets }) => [...facets])).toEqual([[], ["owner"], ["detail"]]);
  });

  it("keeps every limit, brings every facet of every task once, and asks for no task without a need", () => {
    const wishes = fc.array(fc.subarray(["progress", "detail"]), { maxLength: 250 });
    fc.assert(
      fc.property(wishes, fc.constantFrom(drsLike, dliLike, sopsLike), (lists, reads) => {
        const wanted = lists.map((facets, index) => ({ localId: String(index), facets: new Set(facets) }));

        const calls = planCalls(wanted, reads).flat();

        for (const { tasks: carried, read } of calls) expect(carried.length).toBeLessThanOrEqual(read.maxIdsPerCall);
        for (const { localId, facets } of wanted) {
          const mine = calls.filter((call) => idsOf(call).includes(localId));
          const needed = reads.filter(({ brings }) => brings.some((facet) => facets.has(facet)));
          expect(mine.length).toBe(Math.max(1, needed.length));
          expect(needed.every((read) => mine.some((call) => call.read === read))).toBe(true);
        }
      }),
    );
  });

  it("sends the ids of a call in a stable order, whoever came first", () => {
    const wanted = ["30", "1", "7"].map((localId) => ({ localId, facets: new Set<string>() }));

    expect(planCalls(wanted, sopsLike).flat().map(idsOf)).toEqual([["1", "30", "7"]]);
    expect(planCalls(wanted.toReversed(), sopsLike).flat().map(idsOf)).toEqual([["1", "30", "7"]]);
  });

  it("puts who came first into the first call", () => {
    const first = tasks(60).map((task) => ({ ...task, localId: `9${task.localId}` }));
    const groups = planCalls([...first, ...tasks(40)], sopsLike);

    expect(groups.map(([call]) => idsOf(call).every((id) => id.startsWith("9")))).toEqual([true, false]);
  });

  it("asks for a task that has to be alone in a call of its own, for all that is wanted of it", () => {
    const wanted = tasks(12, "progress", "detail");

    const groups = planCalls(wanted, drsLike, {
      chunk: (items, limit) => [[...items].slice(0, limit), [...items].slice(limit)].filter(({ length }) => length > 0),
      isAlone: (task) => task === wanted[3],
    });

    const mine = groups.flat().filter((call) => call.tasks.some((task) => task === wanted[3]));
    expect(mine.map(({ read, tasks: carried }) => [read.name, carried.length])).toEqual([
      ["progress", 1],
      ["detail", 1],
    ]);
  });

  it("keeps calls together that tell of the same task, and others apart", () => {
    const groups = planCalls([...tasks(20, "detail"), ...tasks(5, "progress", "detail"), ...tasks(3)], drsLike);

    expect(groups.map((group) => sizesByRead(group))).toEqual([
      { progress: [8], detail: [8] },
      { detail: [9] },
      { detail: [8] },
    ]);
  });

  it("leaves out what fills no call when only full ones are wanted", () => {
    const rules = { chunk: fullChunks, isAlone: () => false };

    expect(planCalls(tasks(49), sopsLike, rules)).toEqual([]);
    expect(sizesByRead(planCalls(tasks(120), sopsLike, rules).flat())).toEqual({ status: [50, 50] });
  });
});
