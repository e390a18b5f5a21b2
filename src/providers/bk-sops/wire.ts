import type { ReceivedResponse } from "../../http/exchange.ts";
import { parseJson } from "../../http/parse-json.ts";
import type { EpochMs } from "../../tasks/task.ts";
import {
  readArray,
  readEpochMs,
  readFilledText,
  readObject,
  readText,
  type WireObject,
} from "../shared/wire-values.ts";

/** An answer as received, as far as its shape can be relied on. */
export interface SopsAnswer {
  /** `result`; null when it is not a boolean. */
  readonly result: boolean | null;
  /** Trimmed; null when there is none. */
  readonly code: string | null;
  /** Null when it is not a text: refused parameters are told by an object. */
  readonly message: string | null;
  /** Null when `data` is not a list. */
  readonly rows: readonly unknown[] | null;
  readonly requestId: string | null;
}

/** Null when the body is not a JSON object. */
export function parseSopsAnswer({ text, headers }: ReceivedResponse): SopsAnswer | null {
  const body = readObject(parseJson(text));
  if (!body) return null;
  return {
    result: typeof body.result === "boolean" ? body.result : null,
    code: readFilledText(body.code)?.trim() ?? null,
    message: typeof body.message === "string" ? body.message : null,
    rows: readArray(body.data),
    requestId: readFilledText(body.trace_id) ?? requestIdOfHeaders(headers) ?? readFilledText(body.request_id),
  };
}

export function requestIdOfHeaders(headers: ReceivedResponse["headers"]): string | null {
  return headers["sops-trace-id"] ?? headers["x-bkapi-request-id"] ?? null;
}

export const rowId = (row: WireObject): string | null => readText(row.id)?.trim() ?? null;

/** The state word; null when it is missing or not a text. */
export const stateOf = (status: WireObject): string | null =>
  typeof status.state === "string" && status.state.trim() !== "" ? status.state : null;

/** Fixes where the digits stand, and rules out what no date has; only the last days of a month are left to check. */
const timePattern =
  /^(?:19[7-9]\d|[2-9]\d{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[ T](?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\.\d+)? ?(?:Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)$/;

/**
 * Reads `2020-03-18 17:22:05 +0800`. The offset is a setting of the deployment; a time without one could be any
 * instant and is null, like "", null, 0, whatever is no date, and the last hours of the year 9999 that are already in the
 * next year by UTC.
 *
 * Every row has several times: they are read digit by digit, because parts of texts and dates made of them are dear.
 */
export function readSopsTime(value: unknown): EpochMs | null {
  const text = typeof value === "string" ? value.trim() : "";
  if (!timePattern.test(text)) return null;
  const day = twoDigits(text, 8);
  const local = Date.UTC(
    twoDigits(text, 0) * 100 + twoDigits(text, 2),
    twoDigits(text, 5) - 1,
    day,
    twoDigits(text, 11),
    twoDigits(text, 14),
    twoDigits(text, 17),
  );
  // Date.UTC moves the 30th of February into March.
  if (day > 28 && new Date(local).getUTCDate() !== day) return null;
  return readEpochMs(local - offsetMinutes(text) * 60_000, "milliseconds");
}

/** Of a time that matches the pattern. */
function offsetMinutes(text: string): number {
  if (text.endsWith("Z")) return 0;
  const hoursAt = text.length - (text.at(-3) === ":" ? 5 : 4);
  const minutes = twoDigits(text, hoursAt) * 60 + twoDigits(text, text.length - 2);
  return text[hoursAt - 1] === "-" ? -minutes : minutes;
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
}
