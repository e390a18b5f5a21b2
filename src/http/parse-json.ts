/**
 * A text of JSON, which is passed over, or an integer of 16 digits or more, which a double may not hold exactly. A number
 * with a fraction or an exponent is none. A text without an end is taken to the end, so that no place is looked at twice.
 */
const textOrLongInteger = /"[^"\\]*(?:\\(?:.|$)[^"\\]*)*(?:"|$)|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/gs;

const longDigits = /\d{16}/;

/**
 * Parses JSON without losing digits: an integer beyond 2^53 becomes its digits as text, because ids of some upstreams
 * arrive as numbers. They are put in quotes before parsing; a reviver would be slow, and would not survive deep nesting.
 *
 * @returns undefined when the text is not JSON
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(longDigits.test(text) ? text.replace(textOrLongInteger, quoteUnsafe) : text);
  } catch {
    return undefined;
  }
}

function quoteUnsafe(token: string): string {
  return token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${token}"`;
}
