/**
 * Readers for values of an upstream's answer. Upstreams write numbers as texts and texts as numbers, leave keys out, or
 * send null: a value that cannot be what is asked for is null, and never an exception.
 */

export type WireObject = Readonly<Record<string, unknown>>;

export function readObject(value: unknown): WireObject | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as WireObject) : null;
}

export function readArray(value: unknown): readonly unknown[] | null {
  return Array.isArray(value) ? value : null;
}

/** A text, or a finite number as its digits. */
export function readText(value: unknown): string | null {
  if (typeof value === "string") return value;
  return typeof value === "number" && Number.isFinite(value) ? String(value) : null;
}

/** A text that says something: trimmed blank texts are null. */
export function readFilledText(value: unknown): string | null {
  const text = readText(value);
  return text === null || text.trim() === "" ? null : text;
}

/** Whatever is longer is no figure that anybody means. */
const longestNumber = 64;

/** A number, or a text that is nothing but one. */
export function readNumber(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || value.length > longestNumber || !/^\s*[+-]?\d+(?:\.\d+)?\s*$/.test(value))
    return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** A whole number that GraphQL's `Int` can hold. */
export function readInteger(value: unknown): number | null {
  const number = readNumber(value);
  return number !== null && Number.isInteger(number) && Math.abs(number) <= 2_147_483_647 ? number : null;
}

/** A boolean, or the 0 and 1, "true" and "false" that stand for one. */
export function readBoolean(value: unknown): boolean | null {
  if (typeof value === "boolean") return value;
  const text = readText(value)?.trim().toLowerCase();
  if (text === "1" || text === "true") return true;
  return text === "0" || text === "false" ? false : null;
}

/** Year 9999: beyond it a figure is in another unit, and RFC 3339 cannot write it. */
const latestEpochMs = 253_402_300_799_999;

/** A figure of 1970 is none, or is in another unit. */
const earliestEpochMs = Date.UTC(1971, 0);

/** Epoch seconds or milliseconds; zero and negative figures mean "none". */
export function readEpochMs(value: unknown, unit: "seconds" | "milliseconds"): number | null {
  const number = readNumber(value);
  if (number === null) return null;
  const epochMs = Math.trunc(unit === "seconds" ? number * 1000 : number);
  return epochMs >= earliestEpochMs && epochMs <= latestEpochMs ? epochMs : null;
}

/** An absolute http or https address. */
export function readWebUrl(value: unknown): string | null {
  const text = readFilledText(value);
  if (text === null || !/^https?:\/\//i.test(text)) return null;
  return URL.canParse(text) ? text : null;
}
