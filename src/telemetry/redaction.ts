/** Replaces what must not be shown in a text that somebody else chose. */
export type Redact = (text: string) => string;

/** Shorter secrets would blot out ordinary words and digits; nobody should use them. */
const shortestSecretLength = 6;

/** Replaces each of the given secrets, as it is, as it stands inside JSON, and percent-encoded. */
export function createRedactor(secrets: Iterable<string>): Redact {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < shortestSecretLength) continue;
    forms.add(secret).add(JSON.stringify(secret).slice(1, -1)).add(encodeURIComponent(secret));
  }
  if (forms.size === 0) return (text) => text;
  const longestFirst = [...forms].sort((left, right) => right.length - left.length);
  const pattern = new RegExp(longestFirst.map((form) => RegExp.escape(form)).join("|"), "g");
  return (text) => text.replace(pattern, "[redacted]");
}
