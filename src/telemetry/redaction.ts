/** Replaces what must not be shown in a text that somebody else chose. */
export type Redact = (text: string) => string;

/** Shorter secrets would blot out ordinary words and digits; nobody should use them. */
const shortestSecretLength = 6;

const placeholder = "[redacted]";

/**
 * Replaces secrets in a text that is already decoded, where they can only stand as they are.
 *
 * @param tokensNow asked for every text, because tokens come and go; the same list as long as none does
 */
export function createTextRedactor(secrets: readonly string[], tokensNow: () => readonly string[]): Redact {
  let tokens = tokensNow();
  let redact = createPlainRedactor([...secrets, ...tokens]);
  return (text) => {
    const current = tokensNow();
    if (current !== tokens) {
      tokens = current;
      redact = createPlainRedactor([...secrets, ...tokens]);
    }
    return redact(text);
  };
}

/** Every text of every answer comes here: nearly all are shorter than any secret, or hold the beginning of none. */
function createPlainRedactor(secrets: readonly string[]): Redact {
  const longestFirst = replaceable(secrets);
  const shortest = longestFirst.at(-1)?.length ?? Number.POSITIVE_INFINITY;
  const beginningOfAny = new RegExp(longestFirst.map(beginningOf).join("|"));
  return (text) => {
    if (text.length < shortest || !beginningOfAny.test(text)) return text;
    return longestFirst.reduce((redacted, secret) => redacted.replaceAll(secret, placeholder), text);
  };
}

/** Only a beginning, because tokens are thousands of characters long and a pattern of many of them would be huge. */
const beginningOf = (secret: string): string => RegExp.escape(secret.slice(0, shortestSecretLength));

/** Longest first, so that a secret inside another does not spoil its replacement. */
function replaceable(secrets: Iterable<string>): string[] {
  return [...new Set(secrets)]
    .filter(({ length }) => length >= shortestSecretLength)
    .sort((left, right) => right.length - left.length);
}

/**
 * Replaces each of the given secrets: as it is, percent-encoded, and as it stands inside JSON, also inside JSON that is
 * a text of other JSON. Encoders differ in what they escape (Python: all but ASCII, PHP: the slash, Go: `&<>`), so each
 * character is looked for in all its spellings.
 */
export function createRedactor(secrets: Iterable<string>): Redact {
  const longestFirst = replaceable(secrets);
  if (longestFirst.length === 0) return (text) => text;
  const pattern = new RegExp(longestFirst.map(patternOf).join("|"), "g");
  return (text) => text.replace(pattern, placeholder);
}

function patternOf(secret: string): string {
  return (secret.match(/\\+|[^\\]/gu) ?? [])
    .map((part) => (part.startsWith("\\") ? backslashes(part.length) : spellingsOf(part)))
    .join("");
}

/** What JSON writes for a control character behind the backslash. */
const shortEscapes: Readonly<Record<string, string>> = { "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t" };

/** As many as JSON of three levels writes before a quote. Bounded, so that a text of nothing but backslashes costs no more than others. */
const someBackslashes = "\\\\{1,7}";
const maybeBackslashes = "\\\\{0,7}";

/** Backslashes in a row are one part: where one of them ends and the next begins, nobody can tell. */
function backslashes(count: number): string {
  return `(?:\\\\{${count},${count * 8}}|(?:${someBackslashes}u005[cC]|%5[cC]){${count}})`;
}

/** A pattern for one other character, however it is encoded; no encoder escapes ASCII letters and digits. */
function spellingsOf(character: string): string {
  if (/^\w$/.test(character)) return character;
  const codeUnits = character.split("").map((unit) => unit.charCodeAt(0).toString(16).padStart(4, "0"));
  const bytes = [...Buffer.from(character)].map((byte) => byte.toString(16).padStart(2, "0"));
  const spellings = [
    maybeBackslashes + RegExp.escape(character),
    codeUnits.map((unit) => `${someBackslashes}u${anyCase(unit)}`).join(""),
    bytes.map((byte) => `%${anyCase(byte)}`).join(""),
  ];
  const shortEscape = shortEscapes[character];
  if (shortEscape) spellings.push(someBackslashes + shortEscape);
  if (character === " ") spellings.push("\\+");
  return `(?:${spellings.join("|")})`;
}

function anyCase(hex: string): string {
  return hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}
