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
    return JSON.parse(mayHaveLongInteger(text) ? text.replace(textOrLongInteger, quoteUnsafe) : text);
  } catch {
    return undefined;
  }
}

function quoteUnsafe(token: string): string {
  return token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${token}"`;
}

const longDigits = 16;

/**
 * Looks at every 16th place, which no run of 16 digits can evade: most answers have none, and this is all they cost. Long
 * digits inside a text, of card numbers or of hashes, are mostly told from integers by what stands before them.
 */
function mayHaveLongInteger(text: string): boolean {
  for (let at = longDigits - 1; at < text.length; at += longDigits) {
    if (!isDigit(text, at)) continue;
    let start = at;
    while (isDigit(text, start - 1)) start -= 1;
    while (isDigit(text, at)) at += 1;
    if (at - start >= longDigits && mayBeginInteger(text, start)) return true;
  }
  return false;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

function mayBeginInteger(text: string, at: number): boolean {
  return at === 0 || " \t\r\n:,[{-".includes(text.charAt(at - 1));
}
