import { Secret } from "../providers/shared/secret.ts";
import type { Config } from "./load-config.ts";

/**
 * Every configured secret in clear text, longest first, so that a secret inside another does not spoil its replacement:
 * for redaction, never for showing.
 */
export function collectSecrets({ server, cache, accounts }: Config): string[] {
  const secrets = secretsIn([server, cache, accounts.map(({ options }) => options)]);
  return [...secrets].sort((left, right) => right.length - left.length);
}

/** In clear text, wherever they stand in it. */
export function* secretsIn(value: unknown): Generator<string> {
  if (value instanceof Secret) yield value.reveal();
  else if (typeof value === "object" && value !== null) for (const item of Object.values(value)) yield* secretsIn(item);
}
