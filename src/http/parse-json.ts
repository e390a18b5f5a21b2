/**
 * A text of JSON, which is passed over, or an integer of 16 digits or more, which a double may not hold exactly. A number
 * with a fraction or an exponent is none. A text without an end is taken to the end, so that no place is looked at twice.
 */
const textOrLongInteger = /"[^"\\]*(?:\\(?:.|$)[^"\\]*)*(?:"|$)|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/gs;

/**
 * Parses JSON without losing digits: an integer beyond 2^53 becomes its digits as text, because ids of some upstreams
 * arrive as numbers. They are put in quotes before parsing; a reviver would be slow, and would not survive deep nesting.
 *
 * @returns undefined when the text is not JSON
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(hasLongDigits(text) ? text.replace(textOrLongInteger, quoteUnsafe) : text);
  } catch {
    return undefined;
  }
}

function quoteUnsafe(token: string): string {
  return token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${token}"`;
}

const longDigits = 16;

/** Looks at one place in 16, which no run of 16 digits can evade: most answers have none, and this is all they cost. */
function hasLongDigits(text: string): boolean {
  for (let at = longDigits - 1; at < text.length; at += longDigits) {
    if (isDigit(text, at) && isInsideLongDigits(text, at)) return true;
  }
  return false;
}

/** @param at the place of a digit */
function isInsideLongDigits(text: string, at: number): boolean {
  let start = at;
  while (isDigit(text, start - 1)) start -= 1;
  let end = at + 1;
  while (end - start < longDigits && isDigit(text, end)) end += 1;
  return end - start >= longDigits;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}
