import type { IdAnswer } from "../provider.ts";
import { readObject, type WireObject } from "./wire-values.ts";

export interface MatchedRows {
  readonly answers: Map<string, IdAnswer>;
  readonly foreignRows: number;
}

/**
 * Assigns rows to the ids that were asked, by id and never by position: order, repeats and rows that nobody asked for
 * make no difference. The first row of an id wins.
 *
 * @param answerOfMissing the answer for ids without a row; left out, they have no entry
 */
export function matchRows(
  rows: readonly unknown[],
  askedIds: readonly string[],
  idOf: (row: WireObject) => string | null,
  answerOf: (row: WireObject, id: string) => IdAnswer,
  answerOfMissing?: IdAnswer,
): MatchedRows {
  const asked = new Set(askedIds);
  const answers = new Map<string, IdAnswer>();
  let foreignRows = 0;
  for (const value of rows) {
    const row = readObject(value);
    const id = row && idOf(row);
    if (!row || id === null || !asked.has(id)) foreignRows += 1;
    else if (!answers.has(id)) answers.set(id, answerOf(row, id));
  }
  if (answerOfMissing) for (const id of asked) if (!answers.has(id)) answers.set(id, answerOfMissing);
  return { answers, foreignRows };
}
