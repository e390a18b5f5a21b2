/** Digits that a double cannot hold exactly stand somewhere outside a text, or look as if they did. */
const mayHoldUnsafeInteger = /(?:^|[:[,\s])-?\d{16,}/;

/**
 * Parses JSON without losing digits: an integer beyond 2^53 becomes its digits as text, because ids of some upstreams
 * arrive as numbers.
 *
 * @returns undefined when the text is not JSON
 */
export function parseJson(text: string): unknown {
  try {
    return mayHoldUnsafeInteger.test(text) ? parseKeepingDigits(text) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A reviver is called for every value, which is slow: only for texts that may need it. */
const parseKeepingDigits = (text: string): unknown =>
  JSON.parse(text, (_key: string, value: unknown, context?: { source?: string }) => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source !== undefined && /^-?\d+$/.test(source) ? source : value;
  });
