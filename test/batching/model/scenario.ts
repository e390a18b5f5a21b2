import fc from "fast-check";
import type { AdmissionRules, Closure } from "./admission.ts";
import { startAt } from "./clock.ts";
import { type Mood, nameOf, type Truth } from "./upstream.ts";

/** One id that an operation asks for. */
export interface AskedKey {
  readonly account: string;
  readonly scope: string;
  readonly localId: string;
  readonly facets: readonly string[];
}

export interface PlannedOperation {
  /** Milliseconds after the start. Operations of one time arrive in one turn of the event loop. */
  readonly at: number;
  readonly keys: readonly AskedKey[];
  /** Milliseconds after its arrival. */
  readonly deadlineAfter: number;
  /** Its client goes away so many milliseconds after its arrival; null when it stays. */
  readonly leavesAfter: number | null;
}

export interface PlannedAccount {
  readonly limit: number;
  /** One read that brings every facet, or one for each that costs more, as DRS has. */
  readonly kind: "one-read" | "many-reads";
  readonly admission: AdmissionRules;
}

/** All that happens in one run. */
export interface Scenario {
  readonly operations: readonly PlannedOperation[];
  readonly accounts: Readonly<Record<string, PlannedAccount>>;
  /** By `nameOf`; every other id is found. */
  readonly truths: ReadonlyMap<string, Truth>;
  /** Taken in turn by the calls. */
  readonly moods: readonly Mood[];
  readonly maxWaitingIds: number | undefined;
}

export const accountNames = ["one", "two", "three"];
export const scopes = ["", "2", "project-7"];
export const facetNames = ["progress", "detail"];

export interface ScenarioShape {
  /** What ids may be beside found. */
  readonly truths?: readonly Truth[];
  readonly admission?: "wide" | "narrow" | "narrow-and-closing";
  /** "of-the-id": everybody who asks for an id wants the same of it. */
  readonly facets?: "any" | "of-the-id" | "none";
  readonly leaving?: boolean;
  readonly hanging?: boolean;
  readonly accounts?: "any" | "one-read";
  readonly shortDeadlines?: boolean;
  readonly maxWaitingIds?: number;
}

export function aScenario(shape: ScenarioShape = {}): fc.Arbitrary<Scenario> {
  const { truths = [], admission = "wide", maxWaitingIds } = shape;
  return fc
    .record({
      operations: fc.array(anOperation(shape), { minLength: 1, maxLength: 10, size: "max" }),
      accounts: fc.record(Object.fromEntries(accountNames.map((name) => [name, anAccount(shape, admission)]))),
      truths: fc.array(fc.tuple(aPlace, fc.constantFrom<Truth>("found", ...truths)), { maxLength: 6 }),
      moods: fc.array(aMood(shape), { minLength: 1, maxLength: 8 }),
    })
    .map((drawn) => ({
      ...drawn,
      truths: new Map(drawn.truths.map(([[account, scope, id], truth]) => [nameOf(account, scope, id), truth])),
      maxWaitingIds,
    }));
}

const anId = fc.integer({ min: 1, max: 14 }).map(String);
const anAccountName = fc.constantFrom("one", "one", "two", "three");
const aScope = fc.constantFrom("", "", "2", "project-7");
const aPlace = fc.tuple(anAccountName, aScope, anId);

function aKey({ facets = "any" }: ScenarioShape): fc.Arbitrary<AskedKey> {
  return fc.tuple(aPlace, fc.subarray(facetNames)).map(([[account, scope, localId], drawn]) => {
    const ofTheId = facetNames.filter((_, index) => (Number(localId) >> index) % 2 === 1);
    const wanted = { any: drawn, "of-the-id": ofTheId, none: [] };
    return { account, scope, localId, facets: wanted[facets] };
  });
}

function anOperation(shape: ScenarioShape): fc.Arbitrary<PlannedOperation> {
  const { leaving = false, shortDeadlines = false } = shape;
  return fc.record({
    // Some arrive together, some around the time of gathering, some much later.
    at: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 250 })),
    keys: fc.array(aKey(shape), { minLength: 1, maxLength: 12, size: "max" }),
    deadlineAfter: shortDeadlines ? fc.integer({ min: 1, max: 400 }) : fc.integer({ min: 6_000, max: 9_000 }),
    leavesAfter: leaving ? fc.option(fc.integer({ min: 0, max: 150 })) : fc.constant(null),
  });
}

function aMood({ hanging = false }: ScenarioShape): fc.Arbitrary<Mood> {
  return fc.record({
    delayMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 120 })),
    hangs: hanging ? fc.integer({ min: 0, max: 9 }).map((drawn) => drawn === 9) : fc.constant(false),
  });
}

function anAccount(
  { accounts = "any" }: ScenarioShape,
  gate: ScenarioShape["admission"],
): fc.Arbitrary<PlannedAccount> {
  return fc.record({
    limit: fc.constantFrom(1, 2, 3, 5, 8, 100),
    kind: accounts === "any" ? fc.constantFrom("one-read", "many-reads") : fc.constant("one-read"),
    admission: fc.record({
      places: gate === "wide" ? fc.constant(1_000_000) : fc.integer({ min: 1, max: 4 }),
      spacingMs: gate === "wide" ? fc.constant(0) : fc.constantFrom(0, 0, 1, 20),
      closures: gate === "narrow-and-closing" ? fc.array(aClosure, { maxLength: 2 }) : fc.constant([]),
    }),
  });
}

const aClosure: fc.Arbitrary<Closure> = fc
  .record({
    from: fc.integer({ min: 0, max: 200 }),
    lasts: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 5_000, max: 10_000 })),
    because: fc.constantFrom("circuit-open", "throttled"),
  })
  .map(({ from, lasts, because }) => ({ from: startAt + from, until: startAt + from + lasts, because }));
