import type { ReceivedResponse } from "../../http/exchange.ts";
import { parseJson } from "../../http/parse-json.ts";
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

const timePattern = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.\d+)? ?(?:Z|([+-]\d{2}):?(\d{2}))$/;

/**
 * Reads `2020-03-18 17:22:05 +0800`. The offset is a setting of the deployment; a time without one could be any
 * instant and is null, like "", null, 0, whatever is no date, and the last hours of the year 9999 that are already in the
 * next year by UTC.
 */
export function readSopsTime(value: unknown): number | null {
  const [, date, time, offsetHours = "+00", offsetMinutes = "00"] =
    timePattern.exec(readText(value)?.trim() ?? "") ?? [];
  const local = Date.parse(`${date}T${time}Z`);
  // Date.parse moves the 30th of February into March.
  if (Number.isNaN(local) || new Date(local).toISOString() !== `${date}T${time}.000Z`) return null;
  return readEpochMs(Date.parse(`${date}T${time}${offsetHours}:${offsetMinutes}`), "milliseconds");
}
