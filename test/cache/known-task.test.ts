import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freshAnswer, type KnownAnswer, type KnownTask, lastAnswer, learn } from "../../src/cache/known-task.ts";
import { createProblem } from "../../src/tasks/problem.ts";
import { propertyRuns } from "../support/property-runs.ts";
import { answerOf } from "./known-answers.ts";

const range = { pollFloorSeconds: 10, pollCapSeconds: 60 };
const notFound = createProblem("NOT_FOUND", "There is no such task.");
const down = createProblem("UPSTREAM_UNAVAILABLE", "It does not answer.");

const facets = (...names: string[]): Set<string> => new Set(names);
const gone = (sequence: number, observedAt = 0): KnownAnswer => ({
  kind: "refused",
  problem: notFound,
  sequence,
  observedAt,
});

function knowing(...answers: readonly KnownAnswer[]): KnownTask {
  const known = answers.reduce<KnownTask | undefined>(learn, undefined);
  if (!known) throw new Error("Nothing is known of nothing");
  return known;
}

const raw = (value: string) => ({ rawStatus: { value, labels: null, inferred: false } });

describe("freshAnswer", () => {
  it("is the answer as long as it is good, and then none", () => {
    const answer = answerOf({ observedAt: 1_000 });

    expect(freshAnswer(knowing(answer), facets(), range, 5_999)).toBe(answer);
    expect(freshAnswer(knowing(answer), facets(), range, 6_000)).toBeNull();
  });

  it("takes a richer answer for a poorer question, never the reverse", () => {
    const rich = answerOf({ facets: ["children", "detail"] });

    expect(freshAnswer(knowing(rich), facets("detail"), range, 0)).toBe(rich);
    expect(freshAnswer(knowing(rich), facets("detail", "progress"), range, 0)).toBeNull();
  });

  it("keeps what an older answer tells besides, as long as the task has not changed since", () => {
    const rich = answerOf({ facets: ["detail"], sequence: 1 });
    const plain = answerOf({ sequence: 2, observedAt: 1_000 });
    const changed = answerOf({ sequence: 3, observedAt: 2_000, state: raw("other") });

    expect(freshAnswer(knowing(rich, plain), facets("detail"), range, 4_000)).toBe(rich);
    expect(freshAnswer(knowing(rich, plain), facets(), range, 4_000)).toBe(plain);
    expect(freshAnswer(knowing(rich, plain, changed), facets("detail"), range, 4_000)).toBeNull();
  });

  it("remembers for five seconds that there is no such task, whatever is wanted of it", () => {
    const known = knowing(answerOf({ sequence: 1 }), gone(2));

    expect(freshAnswer(known, facets("detail"), range, 4_999)).toMatchObject({ kind: "refused" });
    expect(freshAnswer(known, facets(), range, 5_000)).toBeNull();
  });

  it("does not trust an answer from a time that has not come: the clock was set back", () => {
    expect(freshAnswer(knowing(answerOf({ observedAt: 100_000 })), facets(), range, 10_000)).toBeNull();
  });
});

describe("lastAnswer", () => {
  it("may be shown for ten minutes past its time, a terminal one for a day", () => {
    const running = knowing(answerOf({}));
    const done = knowing(answerOf({ state: { status: "SUCCEEDED", isTerminal: true } }));
    const lastAt = (known: KnownTask, now: number) => lastAnswer(known, facets(), down, range, now)?.answer.kind;

    expect([lastAt(running, 604_999), lastAt(running, 605_000)]).toEqual(["found", undefined]);
    expect([lastAt(done, 86_999_999), lastAt(done, 87_000_000)]).toEqual(["found", undefined]);
  });

  it("names the parts that are not known", () => {
    const last = lastAnswer(knowing(answerOf({ facets: ["detail"] })), facets("detail", "progress"), down, range, 0);

    expect(last?.missing).toEqual(new Map([["progress", down]]));
  });

  it("is the newest where what tells more is too old", () => {
    const [rich, plain] = [answerOf({ facets: ["detail"] }), answerOf({ sequence: 2, observedAt: 700_000 })];
    const last = lastAnswer(knowing(rich, plain), facets("detail"), down, range, 710_000);

    expect(last).toEqual({ answer: plain, missing: new Map([["detail", down]]) });
  });

  it("is none when the last that was heard is that there is no such task", () => {
    expect(lastAnswer(knowing(answerOf({}), gone(2)), facets(), down, range, 0)).toBeNull();
  });
});

const allFacets = ["children", "detail"];

const anAnswer = fc.record({
  sequence: fc.integer({ min: 1, max: 12 }),
  facets: fc.subarray(allFacets),
  value: fc.constantFrom("running", "done"),
  isGone: fc.boolean(),
});

/** One call tells one thing: its sequence decides what the upstream held then. */
const aHistory = fc
  .uniqueArray(anAnswer, { selector: ({ sequence }) => sequence, minLength: 1, maxLength: 12 })
  .map((answers) =>
    answers.map(({ sequence, value, isGone, ...rest }) =>
      isGone ? gone(sequence, sequence) : answerOf({ sequence, observedAt: sequence, state: raw(value), ...rest }),
    ),
  );

describe("whenever answers come", () => {
  it("the newest is shown: one to an older call never takes its place", () => {
    fc.assert(
      fc.property(aHistory, (answers) => {
        const newest = answers.reduce((left, right) => (right.sequence > left.sequence ? right : left));
        expect(freshAnswer(knowing(...answers), facets(), range, 100)).toBe(newest);
      }),
      { numRuns: propertyRuns },
    );
  });

  it("a question for a part is answered by one that tells it, of no other status than the newest", () => {
    fc.assert(
      fc.property(aHistory, fc.subarray(allFacets), (answers, wanted) => {
        const known = knowing(...answers);
        const shown = freshAnswer(known, facets(...wanted), range, 100);
        const [newest] = known.answers;
        if (shown?.kind !== "found") return;
        expect(wanted.filter((facet) => !shown.facets.has(facet))).toEqual([]);
        expect(newest).toMatchObject({ kind: "found", state: { rawStatus: shown.state.rawStatus } });
        const newer = answers.filter(
          (other) =>
            other.kind === "found" && other.sequence > shown.sequence && facets(...wanted).isSubsetOf(other.facets),
        );
        expect(newer).toEqual([]);
      }),
      { numRuns: propertyRuns },
    );
  });

  it("what is known is the same in the end, in whatever order they came", () => {
    fc.assert(
      fc.property(
        aHistory.chain((answers) =>
          fc.tuple(fc.constant(answers), fc.shuffledSubarray(answers, { minLength: answers.length })),
        ),
        ([answers, shuffled]) => {
          const newestOf = ({ answers: [newest] }: KnownTask): KnownAnswer => newest;
          expect(newestOf(knowing(...shuffled))).toBe(newestOf(knowing(...answers)));
        },
      ),
      { numRuns: propertyRuns },
    );
  });

  it("no more is kept than one answer for each set of parts", () => {
    fc.assert(
      fc.property(aHistory, (answers) => {
        expect(knowing(...answers).answers.length).toBeLessThanOrEqual(2 ** allFacets.length);
      }),
      { numRuns: propertyRuns },
    );
  });
});
