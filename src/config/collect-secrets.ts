import { Secret } from "../providers/shared/secret.ts";

/** Every secret anywhere inside a checked configuration, in clear text: for redaction, never for showing. */
export function collectSecrets(value: unknown): string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(collectSecrets);
}
