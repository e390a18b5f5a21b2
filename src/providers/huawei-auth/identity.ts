import { type SortedParametersScheme, signSortedParameters } from "../../signing/sorted-parameters.ts";
import type { Secret } from "../shared/secret.ts";

const scheme: SortedParametersScheme = {
  secretJoiner: "\n",
  digest: "sha256",
  letterCase: "lower",
  dropsEmpty: false,
};

/**
 * Names who asks, so that accounts of one identity share its token and its refusals. The secret counts: an account that
 * has it wrong must not speak for one that has it right. The name shows nothing of it.
 */
export function identityOf(parts: readonly string[], secret: Secret): string {
  return `${parts[0]} ${signSortedParameters({ parts }, secret.reveal(), scheme)}`;
}
