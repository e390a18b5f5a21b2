/** Not in TypeScript's library yet; Node has it since version 22. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** Parses JSON so that integers above 2^53 survive, as text of their digits: Python, unlike JavaScript, keeps them exact. */
export function parseExactJson(text: string): unknown {
  const keepDigits = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? (context?.source ?? value)
      : value;
  return JSON.parse(text, keepDigits);
}

/** Something that JSON.stringify writes as exactly these digits: a number where one can hold them. */
export function exactInteger(digits: string): unknown {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : rawJSON(digits);
}
