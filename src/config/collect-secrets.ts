import { Secret } from "../providers/shared/secret.ts";
import type { Config } from "./load-config.ts";

/** Every configured secret in clear text: for redaction, never for showing. */
export function collectSecrets({ server, cache, accounts }: Config): string[] {
  return secretsIn([server, cache, accounts.map(({ options }) => options)]);
}

function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(secretsIn);
}
