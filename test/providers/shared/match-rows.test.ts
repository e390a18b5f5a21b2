import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchRows } from "../../../src/providers/shared/match-rows.ts";
import { readText, type WireObject } from "../../../src/providers/shared/wire-values.ts";
import { createProblem } from "../../../src/tasks/problem.ts";

const idOf = (row: WireObject): string | null => readText(row.id);
const answerOf = (row: WireObject, id: string): { problem: ReturnType<typeof createProblem> } => ({
  problem: createProblem("NOT_FOUND", `${id}:${String(row.word)}`),
});

function match(rows: readonly unknown[], asked: readonly string[]): { words: Record<string, string>; foreign: number } {
  const { answers, foreignRows } = matchRows(rows, asked, idOf, answerOf);
  const words = [...answers].map(([id, answer]) => [id, "problem" in answer ? answer.problem.message : ""]);
  return { words: Object.fromEntries(words), foreign: foreignRows };
}

describe("matchRows", () => {
  it("assigns rows by id, in whatever order", () => {
    const rows = [
      { id: "2", word: "b" },
      { id: "1", word: "a" },
    ];

    expect(match(rows, ["1", "2"])).toEqual({ words: { 1: "1:a", 2: "2:b" }, foreign: 0 });
  });

  it("lets the first row of an id win, and does not call the second foreign", () => {
    const rows = [
      { id: "1", word: "a" },
      { id: "1", word: "b" },
    ];

    expect(match(rows, ["1"])).toEqual({ words: { 1: "1:a" }, foreign: 0 });
  });

  it("has no entry for an id without a row", () => {
    expect(match([{ id: "1", word: "a" }], ["1", "2"]).words).toEqual({ 1: "1:a" });
  });

  it("matches an id that arrives as a number", () => {
    expect(match([{ id: 1, word: "a" }], ["1"]).words).toEqual({ 1: "1:a" });
  });

  it.each([
    [null],
    ["1"],
    [1],
    [["1"]],
    [{}],
    [{ id: null }],
    [{ id: "" }],
    [{ id: {} }],
    [{ id: "01" }],
    [{ id: " 1" }],
  ])("drops the row %j, and counts it", (row) => {
    expect(match([row, { id: "1", word: "a" }], ["1"])).toEqual({ words: { 1: "1:a" }, foreign: 1 });
  });

  it("gives every id its own row, however rows are shuffled, repeated and mixed with foreign ones", () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 40 }).map(String));
    const world = fc
      .tuple(ids, ids)
      .chain(([asked, held]) =>
        fc.tuple(
          fc.constant(asked),
          fc.constant(held),
          fc.shuffledSubarray([...held, ...held], { minLength: held.length * 2 }),
        ),
      );

    fc.assert(
      fc.property(world, ([asked, held, order]) => {
        const { words, foreign } = match(
          order.map((id) => ({ id, word: id })),
          asked,
        );
        const known = asked.filter((id) => held.includes(id));
        expect(words).toEqual(Object.fromEntries(known.map((id) => [id, `${id}:${id}`])));
        expect(foreign).toBe(order.filter((id) => !asked.includes(id)).length);
      }),
    );
  });
});
