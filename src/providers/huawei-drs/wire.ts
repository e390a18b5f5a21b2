import { readArray, readFilledText, readObject, readText, type WireObject } from "../shared/wire-values.ts";

/** Null when the answer has no list of results; `null` stands for an empty one. */
export function jobRows(body: WireObject | null): readonly unknown[] | null {
  if (body === null || body.results === undefined) return null;
  return body.results === null ? [] : readArray(body.results);
}

/** Letter case does not tell ids apart. A row without an id can only be about the one job that was asked for. */
export function rowId(row: WireObject, askedIds: readonly string[]): string | null {
  const [onlyId] = askedIds;
  if (row.id === undefined && onlyId !== undefined && askedIds.length === 1) return onlyId;
  return readText(row.id)?.trim().toLowerCase() ?? null;
}

export const rowStatus = (row: WireObject): string | null => readFilledText(row.status);

export const rowErrorCode = (row: WireObject): string | null => readFilledText(row.error_code)?.trim() ?? null;

export const rowErrorMessage = (row: WireObject): string | null => readFilledText(row.error_message);

/** Whether any row is about a job that was asked for. */
export function hasRowOf(rows: readonly unknown[], askedIds: readonly string[]): boolean {
  const asked = new Set(askedIds);
  return rows.some((value) => {
    const row = readObject(value);
    const id = row && rowId(row, askedIds);
    return id !== null && asked.has(id);
  });
}
