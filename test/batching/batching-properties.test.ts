import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TaskKey } from "../../src/batching/batching.ts";
import type { Outcome } from "../../src/tasks/outcome.ts";
import { createTestBatching, keyOf, someTime } from "./task-keys.ts";
import { createUpstreamOfTruths, nameOf, observedAt, type Truth, type UpstreamOfTruths } from "./upstream-of-truths.ts";

interface World {
  readonly keys: readonly TaskKey[];
  readonly limits: Readonly<Record<string, number>>;
  readonly truths: ReadonlyMap<string, Truth>;
}

const accountNames = ["one", "two", "three"];
const scopes = ["", "2", "project-7"];

const aKey = fc
  .tuple(
    fc.constantFrom(...accountNames),
    fc.integer({ min: 1, max: 60 }).map(String),
    fc.subarray(["children", "items", "detail"]),
    fc.constantFrom(...scopes),
  )
  .map(([account, localId, facets, scope]) => keyOf(account, localId, facets, scope));

/** Any keys, many of them twice, over accounts with any limit, of which some ids have one of these truths. */
function aWorld(...truths: readonly Truth[]): fc.Arbitrary<World> {
  const aPlace = fc.tuple(
    fc.constantFrom(...accountNames),
    fc.constantFrom(...scopes),
    fc.integer({ min: 1, max: 60 }),
  );
  const aTruth = fc.tuple(aPlace, fc.constantFrom<Truth>("found", ...truths));
  return fc.record({
    keys: fc.array(aKey, { maxLength: 150, size: "max" }),
    limits: fc.record({
      one: fc.integer({ min: 1, max: 100 }),
      two: fc.constantFrom(1, 2, 3),
      three: fc.integer({ min: 4, max: 50 }),
    }),
    truths: fc
      .array(aTruth, { maxLength: 12 })
      .map(
        (entries) => new Map(entries.map(([place, truth]) => [nameOf(place[0], place[1], String(place[2])), truth])),
      ),
  });
}

interface Observed {
  readonly outcomes: readonly Outcome[];
  readonly upstreams: ReadonlyMap<string, UpstreamOfTruths>;
}

async function ask({ keys, limits, truths }: World): Promise<Observed> {
  const upstreams = new Map(
    accountNames.map((account) => [
      account,
      createUpstreamOfTruths(account, (localId, scope) => truths.get(nameOf(account, scope, localId)) ?? "found"),
    ]),
  );
  const batching = createTestBatching(
    Object.fromEntries([...upstreams].map(([name, client]) => [name, { client, limit: limits[name] ?? 1 }])),
  );
  return { outcomes: await batching.fetchTasks(keys, someTime), upstreams };
}

function partitionsOf(keys: readonly TaskKey[]): Map<string, Set<string>> {
  const partitions = new Map<string, Set<string>>();
  for (const { reference } of keys) {
    const name = nameOf(reference.account, reference.scope, "");
    partitions.set(name, (partitions.get(name) ?? new Set()).add(reference.localId));
  }
  return partitions;
}

describe("fetchTasks, whatever is asked and whatever fails", () => {
  it("answers every key with what the upstream holds for its id, or with a problem of its own call", async () => {
    const anyWorld = aWorld("refused", "left-out", "poison", "outage", "throws");

    await fc.assert(
      fc.asyncProperty(anyWorld, async (world) => {
        const { outcomes } = await ask(world);

        expect(outcomes).toHaveLength(world.keys.length);
        for (const [index, { reference }] of world.keys.entries()) {
          expectOwnOutcome(outcomes[index], reference.account, reference.scope, reference.localId, world);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("lets an id that is refused, or left out, cost no other id its answer, and no call", async () => {
    await fc.assert(
      fc.asyncProperty(aWorld("refused", "left-out"), async (world) => {
        const { outcomes } = await ask(world);

        for (const [index, { reference }] of world.keys.entries()) {
          const { account, scope, localId } = reference;
          const isFound = (world.truths.get(nameOf(account, scope, localId)) ?? "found") === "found";
          expect(outcomes[index]?.kind).toBe(isFound ? "found" : "problem");
        }
      }),
    );
  });

  it("makes ceil(n / limit) calls for the n distinct ids of each account and scope", async () => {
    await fc.assert(
      fc.asyncProperty(aWorld("refused", "left-out", "outage", "throws"), async (world) => {
        const { upstreams } = await ask(world);

        const least = [...partitionsOf(world.keys)].map(([name, ids]) => {
          return Math.ceil(ids.size / (world.limits[name.split("|")[0] ?? ""] ?? 1));
        });
        const made = [...upstreams.values()].map(({ calls }) => calls.length);
        expect(sum(made)).toBe(sum(least));
      }),
    );
  });

  it("makes no call over the limit, none with an id twice, none with ids of another scope, none for an id not asked", async () => {
    await fc.assert(
      fc.asyncProperty(aWorld("refused", "poison", "outage"), async (world) => {
        const { upstreams } = await ask(world);

        const partitions = partitionsOf(world.keys);
        for (const [account, { calls }] of upstreams) {
          for (const { localIds, scope } of calls) {
            expect(localIds.length).toBeGreaterThan(0);
            expect(localIds.length).toBeLessThanOrEqual(world.limits[account] ?? 0);
            expect(new Set(localIds).size).toBe(localIds.length);
            const asked = partitions.get(nameOf(account, scope, ""));
            expect(localIds.filter((id) => !asked?.has(id))).toEqual([]);
          }
        }
      }),
    );
  });

  it("asks for at least the facets that each key of a call wants, and for none that no key of it wants", async () => {
    await fc.assert(
      fc.asyncProperty(aWorld(), async (world) => {
        const { upstreams } = await ask(world);

        for (const [account, { calls }] of upstreams) {
          for (const { localIds, scope, facets } of calls) {
            const wanted = world.keys.filter(
              ({ reference }) =>
                reference.account === account && reference.scope === scope && localIds.includes(reference.localId),
            );
            expect(facets).toEqual(new Set(wanted.flatMap((key) => [...key.facets])));
          }
        }
      }),
    );
  });

  it("answers all but the culprits when a few ids each fail a whole call, within the extra calls that they may cost", async () => {
    const aBatch = fc.integer({ min: 2, max: 100 }).chain((size) => {
      const maxLength = Math.ceil(Math.log2(size)) + 1;
      return fc.tuple(
        fc.constant(size),
        fc.uniqueArray(fc.integer({ min: 1, max: size }), { minLength: 1, maxLength: Math.min(size - 1, maxLength) }),
      );
    });

    await fc.assert(
      fc.asyncProperty(aBatch, async ([size, culprits]) => {
        const isCulprit = (localId: string): boolean => culprits.includes(Number(localId));
        const client = createUpstreamOfTruths("one", (localId) => (isCulprit(localId) ? "poison" : "found"));
        const batching = createTestBatching({ one: { client, limit: 100 } });
        const keys = Array.from({ length: size }, (_, index) => keyOf("one", String(index + 1)));

        const outcomes = await batching.fetchTasks(keys, someTime);

        const failed = keys.filter((_, index) => outcomes[index]?.kind === "problem");
        expect(failed.map(({ reference }) => Number(reference.localId))).toEqual(culprits.toSorted((a, b) => a - b));
        const perCulprit = 2 * Math.ceil(Math.log2(size)) + 2;
        expect(client.calls.length - 1).toBeLessThanOrEqual(perCulprit * culprits.length);
      }),
    );
  });
});

function expectOwnOutcome(
  outcome: Outcome | undefined,
  account: string,
  scope: string,
  localId: string,
  { truths }: World,
): void {
  const name = nameOf(account, scope, localId);
  const truth = truths.get(name) ?? "found";
  if (outcome?.kind === "found") {
    expect(truth).toBe("found");
    expect([outcome.state.name, outcome.observedAt]).toEqual([name, observedAt]);
    return;
  }
  expect(outcome?.problem.message).toBeTruthy();
  const { code, message } = outcome?.problem ?? { code: "none", message: "" };
  if (code === "NOT_FOUND") expect([truth, message]).toEqual(["refused", name]);
  else if (code === "NOT_RETURNED") expect(truth).toBe("left-out");
  else if (code === "UPSTREAM_MALFORMED") expect([...truths.values()]).toContain("throws");
  else expect(message.split(",")).toContain(localId);
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0);
}
