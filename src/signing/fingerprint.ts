import { createHash } from "node:crypto";

/** Tells lists of texts apart without showing them: hex SHA-256. */
export function fingerprint(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
