import { parseJson } from "../../http/parse-json.ts";
import { readArray, readFilledText, readObject, readText, type WireObject } from "../shared/wire-values.ts";

/** An answer as received, as far as its shape can be relied on. */
export interface EiotclubAnswer {
  /** Trimmed; null when there is none. */
  readonly code: string | null;
  /** Null when `data` is not a list. */
  readonly rows: readonly unknown[] | null;
}

/** Null when the text is not a JSON object. */
export function parseEiotclubAnswer(text: string): EiotclubAnswer | null {
  const body = readObject(parseJson(text));
  return body && { code: readFilledText(body.code)?.trim() ?? null, rows: readArray(body.data) };
}

export const rowId = (row: WireObject): string | null => readText(row.id)?.trim() ?? null;

/** Null when the row has no status that could be read. */
export const rowStatus = (row: WireObject): string | null => readFilledText(row.status)?.trim() ?? null;

export const rowResult = (row: WireObject): string | null => readFilledText(row.result);
