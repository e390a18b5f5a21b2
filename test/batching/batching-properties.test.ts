import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fewerRuns, propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";
import { wideOpen } from "./model/admission.ts";
import { type ModelClock, onModelClock, startAt } from "./model/clock.ts";
import { callsOf, carries, expectOneAnswerEach, expectOwnOutcomes, faultOf, truthOf, waitsFor } from "./model/judge.ts";
import {
  type AskedKey,
  aScenario,
  type PlannedOperation,
  type Scenario,
  type ScenarioShape,
} from "./model/scenario.ts";
import { nameOf, type SeenCall, type Truth } from "./model/upstream.ts";
import {
  createWorld,
  endOf,
  listenersLeft,
  play,
  playOn,
  readsOf,
  type SeenOperation,
  type World,
} from "./model/world.ts";

const everything: ScenarioShape = {
  truths: ["refused", "left-out", "poison", "outage", "throws"],
  admission: "narrow-and-closing",
  leaving: true,
  hanging: true,
};

/** Tries what must be true of a scenario that was played to its end. */
async function holds(
  scenarios: fc.Arbitrary<Scenario>,
  check: (world: World) => void,
  runs = propertyRuns,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => check(await play(scenario))),
    { numRuns: runs },
  );
}

describe("whatever is asked, whoever leaves and whatever fails", { timeout: propertyTimeoutMs }, () => {
  it("answers every key with what the upstream holds for its id, or with a problem of its own", async () => {
    await holds(aScenario(everything), expectOwnOutcomes);
  });

  it("answers every key with what the upstream holds when nothing fails, nobody leaves and places are many", async () => {
    await holds(aScenario({ truths: ["refused"] }), (world) => {
      expectOwnOutcomes(world);
      for (const { outcome, key } of answersOf(world)) {
        expect(outcome?.kind).toBe(truthOf(world, key) === "refused" ? "problem" : "found");
        if (outcome?.kind === "found") expect([...outcome.missing]).toEqual([]);
      }
    });
  });

  it("lets a failing id cost an answer to none but those that shared its call", async () => {
    await holds(aScenario({ truths: ["outage", "throws", "left-out"] }), (world) => {
      for (const { outcome, key, operation } of answersOf(world)) {
        const shared = callsOf(world, operation, key).flatMap((call) =>
          call.localIds.map((localId) => ({ ...key, localId })),
        );
        const isSpared = shared.every((id) => ["found", "left-out"].includes(truthOf(world, id)));
        if (isSpared) expect(outcome?.kind).toBe(truthOf(world, key) === "left-out" ? "problem" : "found");
      }
    });
  });

  it("answers every operation exactly once, a key's outcome at the key's place, before its time is over", async () => {
    await holds(aScenario({ ...everything, shortDeadlines: true }), expectOneAnswerEach);
  });

  it("answers every operation exactly once when it has time, too", async () => {
    await holds(aScenario(everything), expectOneAnswerEach);
  });

  it("sends no call over its limit, with an id twice, with ids of another scope, or for what its read does not bring", async () => {
    await holds(aScenario(everything), (world) => {
      for (const call of world.calls) expectWellFormed(world, call);
    });
  });

  it("sends no call with an id that nobody there asks for", async () => {
    await holds(aScenario(everything), (world) => {
      for (const call of world.calls) expect(strangersIn(world, call), `in call ${call.index}`).toEqual([]);
    });
  });

  it("brings all that is wanted of each task in one call of each read that is needed", async () => {
    const oneOperation = aScenario({}).map((scenario) => ({
      ...scenario,
      operations: [{ ...firstOf(scenario), keys: scenario.operations.flatMap(({ keys }) => keys) }],
    }));
    await holds(oneOperation, (world) => {
      for (const [name, keys] of byTask(firstOf(world).plan.keys)) {
        const [key] = keys;
        if (!key) continue;
        const carrying = world.calls.filter((call) => carries(call, key));
        const wanted = new Set(keys.flatMap(({ facets }) => facets));
        const reads = readsOf(accountOf(world, key.account));
        const needed = reads.filter(({ brings }) => brings.some((facet) => wanted.has(facet)));
        expect(carrying.length, name).toBe(Math.max(1, needed.length));
        const brought = new Set(carrying.flatMap(({ facets }) => [...facets]));
        expect(
          [...wanted].filter((facet) => !brought.has(facet)),
          name,
        ).toEqual([]);
      }
    });
  });

  it("asks for no facet that nobody in a call wants", async () => {
    await holds(aScenario({ truths: ["refused", "outage"], admission: "narrow" }), (world) => {
      for (const call of world.calls) {
        const wanted = world.operations
          .filter((operation) => isThereAt(operation, call.started.turn))
          .flatMap(({ plan }) => plan.keys.filter((key) => carries(call, key)).flatMap(({ facets }) => facets));
        expect(
          [...call.facets].filter((facet) => !wanted.includes(facet)),
          `of call ${call.index}`,
        ).toEqual([]);
      }
    });
  });

  it("has all calls of an idle partition under way at once when places are many", async () => {
    const together = aScenario({}).map((scenario) => ({
      ...scenario,
      operations: scenario.operations.map((operation) => ({ ...operation, at: 0 })),
    }));
    await holds(together, ({ calls }) => {
      expect(calls.filter(({ started }) => started.at !== startAt).map(({ index }) => index)).toEqual([]);
    });
  });

  it("has an id in one call at a time while everybody wants the same of it", async () => {
    // Where a call fails, or is given up, who comes then asks anew for what others still wait for.
    await holds(aScenario({ facets: "of-the-id", admission: "narrow" }), (world) => {
      expect(overlapsOf(world).map(textOf)).toEqual([]);
    });
  });

  it("asks again for an id on its way only for who wants more of it, or to divide a call", async () => {
    await holds(aScenario({ ...everything, accounts: "one-read" }), (world) => {
      const idle = overlapsOf(world).filter(
        (overlap) => !isForSomebodyWhoWantsMore(world, overlap) && !isPartOfDivided(world, overlap),
      );
      expect(idle.map(textOf)).toEqual([]);
    });
  });

  it("never has more calls under way than it holds places, and gives each back once", async () => {
    const seen: string[] = [];
    await fc.assert(
      fc.asyncProperty(aScenario(everything), async (scenario) => {
        seen.length = 0;
        const onQuiet = (world: World): void => {
          for (const [name, admission] of world.admissions) {
            const underWay = world.calls.filter(({ account, ended }) => account === name && ended === null).length;
            if (underWay !== admission.inUse()) seen.push(`${name}: ${underWay} calls in ${admission.inUse()} places`);
          }
        };
        const world = await play(scenario, { onQuiet });
        expect(seen).toEqual([]);
        for (const { account, together } of world.calls) {
          expect(together).toBeLessThanOrEqual(world.admissions.get(account)?.rules.places ?? 0);
        }
        for (const admission of world.admissions.values())
          expect([admission.inUse(), admission.overdrawn()]).toEqual([0, 0]);
      }),
      { numRuns: propertyRuns },
    );
  });

  it("leaves no key, no call, no place taken and no listener behind, and after its time no quarantine", async () => {
    await fc.assert(
      fc.asyncProperty(aScenario(everything), (scenario) =>
        onModelClock(async (clock) => {
          const world = await playOn(clock, scenario);
          const load = { partitions: 0, waitingKeys: 0, keysInFlight: 0, callsInFlight: 0 };
          expect(world.batching.load()).toMatchObject(load);
          expect([...world.admissions.values()].map((admission) => admission.inUse())).toEqual([0, 0, 0]);
          expect(listenersLeft(world)).toBe(0);
          await clock.pass(60_001);
          expect(world.batching.load()).toEqual({ ...load, quarantinedKeys: 0 });
        }),
      ),
      { numRuns: propertyRuns },
    );
  });

  it("leaves no timer behind when everybody is answered and every call is over", async () => {
    await fc.assert(
      fc.asyncProperty(aScenario(everything), async (scenario) => {
        const left: number[] = [];
        const onQuiet = ({ operations, calls }: World, clock: ModelClock): void => {
          const areAnswered = operations.every(({ settled }) => settled.length > 0);
          const isOver = areAnswered && calls.every(({ ended }) => ended !== null);
          if (operations.length === scenario.operations.length && isOver) left.push(clock.pending());
        };
        await play(scenario, { onQuiet });
        expect(new Set(left)).toEqual(new Set([0]));
      }),
      { numRuns: propertyRuns },
    );
  });

  it("keeps no more keys waiting than an account may, and says so to the others at once", async () => {
    const maxWaitingIds = 6;
    const scenarios = aScenario({ admission: "narrow", hanging: true, maxWaitingIds });
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        let most = 0;
        const onQuiet = ({ batching }: World): void => {
          most = Math.max(most, batching.load().waitingKeys);
        };
        const world = await play(scenario, { onQuiet });
        expect(most).toBeLessThanOrEqual(maxWaitingIds * Object.keys(scenario.accounts).length);
        expectOwnOutcomes(world);
        expectOneAnswerEach(world);
      }),
      { numRuns: propertyRuns },
    );
  });
});

describe("who leaves", { timeout: propertyTimeoutMs }, () => {
  const leavers: ScenarioShape = {
    truths: ["refused", "left-out", "outage"],
    leaving: true,
    hanging: true,
    facets: "of-the-id",
    accounts: "one-read",
  };

  const isWaitedFor = (world: World, call: SeenCall, turn: number): boolean =>
    world.operations.some((operation) =>
      operation.plan.keys.some((key) => carries(call, key) && waitsFor(world, operation, key, turn)),
    );

  it("ends no call that anybody else still waits for", async () => {
    await fc.assert(
      fc.asyncProperty(aScenario(leavers), async (scenario) => {
        const wrong: string[] = [];
        const onAbort = (world: World, call: SeenCall): void => {
          if (isWaitedFor(world, call, call.aborted?.turn ?? 0)) wrong.push(`call ${call.index} of ${call.localIds}`);
        };
        await play(scenario, { onAbort });
        expect(wrong).toEqual([]);
      }),
      { numRuns: propertyRuns },
    );
  });

  it("ends the call that nobody waits for any more, at once", async () => {
    await fc.assert(
      fc.asyncProperty(aScenario(leavers), async (scenario) => {
        const idle: string[] = [];
        const onQuiet = (world: World): void => {
          for (const call of world.calls) {
            if (call.ended === null && !isWaitedFor(world, call, Number.MAX_SAFE_INTEGER))
              idle.push(`call ${call.index}`);
          }
        };
        await play(scenario, { onQuiet });
        expect(idle).toEqual([]);
      }),
      { numRuns: propertyRuns },
    );
  });

  it("changes nobody else's answer", async () => {
    const scenarios = aScenario({
      ...leavers,
      hanging: false,
      facets: "any",
      accounts: "any",
      truths: ["refused", "left-out"],
    });
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const world = await play(scenario);
        for (const { outcome, key, operation } of answersOf(world)) {
          if (operation.left) continue;
          expect(outcome?.kind).toBe(truthOf(world, key) === "found" ? "found" : "problem");
          expect(outcome?.kind === "found" ? outcome.missing.size : 0).toBe(0);
        }
        expectOwnOutcomes(world);
      }),
      { numRuns: propertyRuns },
    );
  });

  it("lets a call go on until the latest deadline of those who wait for it", async () => {
    await fc.assert(
      fc.asyncProperty(aScenario(leavers), async (scenario) => {
        const wrong: string[] = [];
        const onQuiet = (world: World): void => {
          for (const call of world.calls) {
            if (call.ended) continue;
            const all = world.operations.filter(({ plan }) => plan.keys.some((key) => carries(call, key)));
            const now = Number.MAX_SAFE_INTEGER;
            const waiting = all.filter((operation) =>
              operation.plan.keys.some((key) => carries(call, key) && waitsFor(world, operation, key, now)),
            );
            const least = Math.max(...waiting.map(({ deadlineAt }) => deadlineAt));
            const most = Math.max(...all.map(({ deadlineAt }) => deadlineAt));
            const { deadlineAt } = call.limits;
            if (deadlineAt < least || deadlineAt > most)
              wrong.push(`call ${call.index}: ${deadlineAt}, not ${least} to ${most}`);
          }
        };
        await play(scenario, { onQuiet });
        expect(wrong).toEqual([]);
      }),
      { numRuns: propertyRuns },
    );
  });
});

describe("the number of calls", { timeout: propertyTimeoutMs }, () => {
  const aSize = fc.record({
    count: fc.integer({ min: 1, max: 320 }),
    limit: fc.oneof(fc.constantFrom(1, 2, 50, 100), fc.integer({ min: 1, max: 120 })),
    operations: fc.integer({ min: 1, max: 5 }),
    places: fc.constantFrom(2, 8, 1_000),
  });

  it("is ceil(n / limit), evenly filled, for n ids of an idle partition, by however many operations in one turn", async () => {
    await fc.assert(
      fc.asyncProperty(aSize, async ({ count, limit, operations }) => {
        const shares = Array.from({ length: operations }, (_, share) =>
          idsTo(count).filter((_id, index) => index % operations === share),
        );
        const world = await play(
          scenarioOf(
            limit,
            shares.filter((ids) => ids.length > 0).map((ids) => operationFor(ids)),
          ),
        );
        expectEvenlyFilled(world, count, limit);
      }),
      { numRuns: fewerRuns(2) },
    );
  });

  it("is the same when only a few calls may be under way at a time", async () => {
    await fc.assert(
      fc.asyncProperty(aSize, async ({ count, limit, places }) => {
        const scenario = scenarioOf(limit, [operationFor(idsTo(count), { deadlineAfter: 1_000_000 })], { places });
        const world = await play(scenario);
        expectEvenlyFilled(world, count, limit);
        for (const { together } of world.calls) expect(together).toBeLessThanOrEqual(places);
      }),
      { numRuns: fewerRuns(4) },
    );
  });

  it("is one for 64 operations that ask for the same 100 ids together", async () => {
    const world = await play(
      scenarioOf(
        100,
        Array.from({ length: 64 }, () => operationFor(idsTo(100))),
      ),
    );

    expect(world.calls.map(({ localIds }) => localIds.length)).toEqual([100]);
    expectOwnOutcomes(world);
  });

  it("is at most two for each answer time when 64 operations for the same 100 ids come whenever they like", async () => {
    const answerTime = 100;
    const times = fc.array(fc.integer({ min: 0, max: 5 * answerTime }), { minLength: 64, maxLength: 64, size: "max" });
    await fc.assert(
      fc.asyncProperty(times, async (arrivals) => {
        const operations = arrivals.map((at) => ({ ...operationFor(idsTo(100)), at }));
        const world = await play(scenarioOf(100, operations, { delayMs: answerTime }));
        const starts = world.calls.map(({ started }) => started.at);
        for (const start of starts) {
          expect(starts.filter((other) => other >= start && other < start + answerTime).length).toBeLessThanOrEqual(2);
        }
        expectOwnOutcomes(world);
      }),
      { numRuns: fewerRuns(50) },
    );
  });

  it("is at most two within an answer time when the 64 overlap in part", async () => {
    const answerTime = 100;
    const anArrival = fc.record({
      at: fc.integer({ min: 0, max: answerTime - 1 }),
      size: fc.integer({ min: 1, max: 100 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anArrival, { minLength: 1, maxLength: 64, size: "max" }), async (arrivals) => {
        const first = { ...operationFor(idsTo(100)), at: 0 };
        const others = arrivals.map(({ at, size }) => ({ ...operationFor(idsTo(size)), at }));
        const world = await play(scenarioOf(100, [first, ...others], { delayMs: answerTime }));
        expect(world.calls.length).toBe(1);
      }),
      { numRuns: fewerRuns(50) },
    );
  });

  it("is 64 for 64 operations of 100 ids each, whenever they come", async () => {
    const times = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 64, maxLength: 64, size: "max" });
    await fc.assert(
      fc.asyncProperty(times, fc.constantFrom(8, 1_000), async (arrivals, places) => {
        const operations = arrivals.map((at, index) => ({ ...operationFor(idsTo(100, `${index}-`)), at }));
        const world = await play(scenarioOf(100, operations, { places }));
        expect(world.calls.map(({ localIds }) => localIds.length)).toEqual(Array(64).fill(100));
        expectOwnOutcomes(world);
      }),
      { numRuns: fewerRuns(100) },
    );
  });

  it("is one for every full call's worth of newcomers at once, and one for the rest 5 ms later", async () => {
    const newcomers = fc.record({ count: fc.integer({ min: 1, max: 250 }), limit: fc.integer({ min: 1, max: 100 }) });
    await fc.assert(
      fc.asyncProperty(newcomers, async ({ count, limit }) => {
        const operations = [operationFor(["first"]), { ...operationFor(idsTo(count)), at: 10 }];
        const { calls } = await play(scenarioOf(limit, operations, { delayMs: 100 }));
        const sizesAt = (at: number): number[] =>
          calls.filter(({ started }) => started.at === startAt + at).map(({ localIds }) => localIds.length);
        expect(sizesAt(10)).toEqual(Array(Math.floor(count / limit)).fill(limit));
        expect(sizesAt(15)).toEqual(count % limit === 0 ? [] : [count % limit]);
      }),
      { numRuns: fewerRuns(2) },
    );
  });

  it("does not grow with newcomers to a busy partition: they gather into as few, at most 5 ms each time", async () => {
    const anArrival = fc.record({ at: fc.integer({ min: 0, max: 90 }), size: fc.integer({ min: 1, max: 30 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(anArrival, { minLength: 1, maxLength: 40, size: "max" }), async (arrivals) => {
        const first = { ...operationFor(["first"]), at: 0 };
        const others = arrivals.map(({ at, size }, index) => ({ ...operationFor(idsTo(size, `${index}-`)), at }));
        const world = await play(scenarioOf(100, [first, ...others], { delayMs: 100 }));
        const full = arrivals.reduce((total, { size }) => total + size, 0) / 100;
        // The first call, the full ones, and one in each window of gathering.
        expect(world.calls.length).toBeLessThanOrEqual(1 + Math.ceil(full) + Math.ceil(96 / 5));
        for (const { settled, arrived } of world.operations) {
          expect((settled[0]?.at ?? 0) - arrived.at).toBeLessThanOrEqual(100 + 5);
        }
      }),
      { numRuns: fewerRuns(2) },
    );
  });
});

describe("one poisonous id", { timeout: propertyTimeoutMs }, () => {
  const aCase = fc.record({
    culprit: fc.integer({ min: 1, max: 50 }),
    limit: fc.integer({ min: 50, max: 100 }),
    places: fc.constantFrom(1, 2, 8, 1_000),
    againAfter: fc.integer({ min: 0, max: 59_000 }),
  });

  it("among 50 costs one problem and 14 extra calls, then a call of its own for 60 s, then 14 again", async () => {
    await fc.assert(
      fc.asyncProperty(aCase, ({ culprit, limit, places, againAfter }) =>
        onModelClock(async (clock) => {
          const ids = idsTo(50);
          const world = createWorld(scenarioOf(limit, [], { places, poison: [String(culprit)] }));
          const asked = async (): Promise<SeenCall[]> => {
            const before = world.calls.length;
            const operation = world.start(operationFor(ids));
            await clock.pass(1_500);
            expectOnlyProblem(world, operation, culprit);
            return world.calls.slice(before);
          };
          const first = await asked();
          expect(first.length - 1).toBeGreaterThanOrEqual(2);
          expect(first.length - 1).toBeLessThanOrEqual(14);
          await clock.pass(Math.min(againAfter, 57_000));
          const second = await asked();
          expect(second.map(({ localIds }) => localIds.length).toSorted((a, b) => a - b)).toEqual([1, 49]);
          expect(second.some(({ localIds }) => localIds.join() === String(culprit))).toBe(true);
          await clock.pass(60_001);
          expect((await asked()).length).toBe(first.length);
        }),
      ),
      { numRuns: fewerRuns(5) },
    );
  });

  it("is asked with the others again as soon as an answer for it came", async () => {
    await fc.assert(
      fc.asyncProperty(aCase, ({ culprit, limit, places }) =>
        onModelClock(async (clock) => {
          const truths = new Map<string, Truth>([[nameOf("one", "", String(culprit)), "poison"]]);
          const world = createWorld({ ...scenarioOf(limit, [], { places }), truths });
          const sizes: number[][] = [];
          for (let round = 0; round < 3; round += 1) {
            const before = world.calls.length;
            world.start(operationFor(idsTo(50)));
            await clock.pass(1_500);
            truths.clear();
            sizes.push(world.calls.slice(before).map(({ localIds }) => localIds.length));
          }
          expect(sizes[1]?.toSorted((a, b) => a - b)).toEqual([1, 49]);
          expect(sizes[2]).toEqual([50]);
        }),
      ),
      { numRuns: fewerRuns(5) },
    );
  });

  it("costs nobody else an answer, however many operations share its call", async () => {
    const scenarios = aScenario({ truths: ["poison"], facets: "none" }).filter(
      ({ truths }) => [...truths.values()].filter((truth) => truth === "poison").length === 1,
    );
    await holds(scenarios, (world) => {
      for (const { outcome, key, operation, index } of answersOf(world)) {
        if (truthOf(world, key) === "found")
          expect([outcome?.kind, faultOf(world, operation, index)]).toEqual(["found", null]);
      }
    });
  });
});

describe("a closed account", { timeout: propertyTimeoutMs }, () => {
  const aClosing = fc.record({
    because: fc.constantFrom("circuit-open" as const, "throttled" as const),
    lasts: fc.integer({ min: 1, max: 20_000 }),
    deadlineAfter: fc.integer({ min: 300, max: 20_000 }),
  });

  it("answers at once whom it keeps out for too long, and asks for the others when it opens", async () => {
    await fc.assert(
      fc.asyncProperty(aClosing, async ({ because, lasts, deadlineAfter }) => {
        const until = startAt + lasts;
        const scenario = scenarioOf(100, [operationFor(idsTo(3), { deadlineAfter })], {
          closures: [{ from: startAt, until, because }],
        });
        const world = await play(scenario);
        const [operation] = world.operations;
        const isRefused = because === "circuit-open" || deadlineAfter < lasts + 250;
        if (isRefused) {
          expect([world.calls.length, operation?.settled[0]?.at]).toEqual([0, startAt]);
          const code = because === "circuit-open" ? "CIRCUIT_OPEN" : "RATE_LIMITED";
          for (const { outcome } of answersOf(world))
            expect(outcome).toMatchObject({ problem: { code, retryAfterAt: until } });
        } else if (lasts < deadlineAfter / 4 - 1) {
          expect(world.calls.map(({ started }) => started.at)).toEqual([until]);
          expectOwnOutcomes(world);
        }
        expectOneAnswerEach(world);
      }),
      { numRuns: propertyRuns },
    );
  });
});

interface AnsweredKey {
  readonly operation: SeenOperation;
  readonly index: number;
  readonly key: AskedKey;
  readonly outcome: SeenOperation["settled"][number]["outcomes"][number] | undefined;
}

function answersOf({ operations }: World): AnsweredKey[] {
  return operations.flatMap((operation) =>
    operation.plan.keys.map((key, index) => ({
      operation,
      index,
      key,
      outcome: operation.settled[0]?.outcomes[index],
    })),
  );
}

function expectWellFormed(world: World, call: SeenCall): void {
  const read = readsOf(accountOf(world, call.account)).find(({ name }) => name === call.read);
  expect(call.localIds.length).toBeGreaterThan(0);
  expect(call.localIds.length).toBeLessThanOrEqual(read?.maxIdsPerCall ?? 0);
  expect(new Set(call.localIds).size).toBe(call.localIds.length);
  const everAsked = call.localIds.filter((localId) =>
    world.operations.some((operation) => asksFor(operation, { ...call, localId }).length > 0),
  );
  expect(everAsked).toEqual(call.localIds);
  expect([...call.facets].filter((facet) => !read?.brings.includes(facet))).toEqual([]);
}

/** Ids of a call that no operation asks for which was there when it began. */
function strangersIn({ operations }: World, call: SeenCall): string[] {
  const there = operations.filter((operation) => isThereAt(operation, call.started.turn));
  return call.localIds.filter(
    (localId) => !there.some((operation) => asksFor(operation, { ...call, localId }).length > 0),
  );
}

function isThereAt(operation: SeenOperation, turn: number): boolean {
  return operation.arrived.turn < turn && turn < endOf(operation).turn;
}

function asksFor({ plan }: SeenOperation, { account, scope, localId }: Omit<AskedKey, "facets">): AskedKey[] {
  const name = nameOf(account, scope, localId);
  return plan.keys.filter((key) => nameOf(key.account, key.scope, key.localId) === name);
}

interface Overlap {
  readonly name: string;
  readonly key: AskedKey;
  readonly first: SeenCall;
  readonly second: SeenCall;
}

/** Every id that was in two calls of one read at a time. */
function overlapsOf({ calls }: World): Overlap[] {
  return calls.flatMap((second) =>
    calls
      .filter(
        (first) =>
          first.index < second.index &&
          first.account === second.account &&
          first.scope === second.scope &&
          first.read === second.read &&
          // What was given up is nobody's to join, though its end takes a moment.
          (first.aborted === null || first.aborted.turn > second.started.turn) &&
          (first.ended === null || first.ended.turn > second.started.turn),
      )
      .flatMap((first) =>
        second.localIds
          .filter((localId) => first.localIds.includes(localId))
          .map((localId) => {
            const key = { account: first.account, scope: first.scope, localId, facets: [] };
            return { name: nameOf(key.account, key.scope, localId), key, first, second };
          }),
      ),
  );
}

const textOf = ({ name, first, second }: Overlap): string => `${name} in calls ${first.index} and ${second.index}`;

/** Whether somebody wants more of the id than those who were there when the first call began. */
function isForSomebodyWhoWantsMore(world: World, { key: id, first, second }: Overlap): boolean {
  const wanted = world.operations.flatMap((operation) =>
    asksFor(operation, id)
      .filter((key) => waitsFor(world, operation, key, second.started.turn))
      .flatMap(({ facets }) => facets),
  );
  return wanted.some((facet) => !new Set(first.facets).has(facet));
}

/** Whether the second call asks for a part of one that failed as a whole. */
function isPartOfDivided({ calls }: World, { key, second }: Overlap): boolean {
  return calls.some(
    (call) =>
      carries(call, key) &&
      call.localIds.length > second.localIds.length &&
      call.result === "UPSTREAM_ERROR" &&
      call.ended !== null &&
      call.ended.turn < second.started.turn,
  );
}

function accountOf({ scenario }: World, name: string): Scenario["accounts"][string] {
  const account = scenario.accounts[name];
  if (!account) throw new Error(`No account ${name}`);
  return account;
}

function byTask(keys: readonly AskedKey[]): Map<string, AskedKey[]> {
  return Map.groupBy(keys, ({ account, scope, localId }) => nameOf(account, scope, localId));
}

function firstOf<T>({ operations }: { readonly operations: readonly T[] }): T {
  const [first] = operations;
  if (first === undefined) throw new Error("There is no operation.");
  return first;
}

const idsTo = (count: number, prefix = ""): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);

function operationFor(ids: readonly string[], rest: Partial<PlannedOperation> = {}): PlannedOperation {
  const keys = ids.map((localId) => ({ account: "one", scope: "", localId, facets: [] }));
  return { at: 0, keys, deadlineAfter: 8_000, leavesAfter: null, ...rest };
}

interface Circumstances {
  readonly places?: number;
  readonly delayMs?: number;
  readonly poison?: readonly string[];
  readonly closures?: Scenario["accounts"][string]["admission"]["closures"];
}

/** One account with one read. */
function scenarioOf(limit: number, operations: readonly PlannedOperation[], rest: Circumstances = {}): Scenario {
  const { places = wideOpen.places, delayMs = 20, poison = [], closures = [] } = rest;
  return {
    operations,
    accounts: { one: { limit, kind: "one-read", admission: { places, spacingMs: 0, closures } } },
    truths: new Map(poison.map((localId) => [nameOf("one", "", localId), "poison"])),
    moods: [{ delayMs, hangs: false }],
    maxWaitingIds: undefined,
  };
}

function expectEvenlyFilled({ calls, operations }: World, count: number, limit: number): void {
  const sizes = calls.map(({ localIds }) => localIds.length);
  expect(sizes).toHaveLength(Math.ceil(count / limit));
  expect(sizes.reduce((total, size) => total + size, 0)).toBe(count);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  expect(operations.every(({ settled }) => settled[0]?.outcomes.every(({ kind }) => kind === "found"))).toBe(true);
}

function expectOnlyProblem(world: World, operation: SeenOperation, culprit: number): void {
  const failed = operation.plan.keys.filter((_, index) => operation.settled[0]?.outcomes[index]?.kind === "problem");
  expect(failed.map(({ localId }) => localId)).toEqual([String(culprit)]);
  for (const index of operation.keys.keys()) expect(faultOf(world, operation, index)).toBeNull();
}
