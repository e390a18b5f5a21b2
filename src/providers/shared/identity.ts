import { fingerprint } from "../../signing/fingerprint.ts";
import type { Secret } from "./secret.ts";

/**
 * Names who asks, so that accounts of one identity share its token and its refusals. The secret counts: an account that
 * has it wrong must not speak for one that has it right. The name shows nothing of it.
 *
 * @param kind what the name is for: `huawei-token`
 */
export function identityOf(kind: string, parts: readonly string[], secret: Secret): string {
  return `${kind} ${fingerprint([...parts, secret.reveal()])}`;
}
