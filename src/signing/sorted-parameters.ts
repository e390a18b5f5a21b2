import { createHash } from "node:crypto";

/** A parameter value before it becomes text. */
export type ParameterValue =
  | string
  | number
  | boolean
  | null
  | readonly unknown[]
  | { readonly [key: string]: unknown };

/** The points in which platforms with this kind of signature differ. */
export interface SortedParametersScheme {
  /** Stands between the joined parameters and the secret. */
  readonly secretJoiner: string;
  readonly digest: "sha1" | "sha256" | "md5";
  readonly letterCase: "upper" | "lower";
  /** Whether null, empty texts and empty lists are left out. Zero and false never are. */
  readonly dropsEmpty: boolean;
}

/**
 * A plain hash, not an HMAC, over the parameters sorted by key as `key=value`, joined by `&`, the secret appended. Values
 * are not URL-encoded.
 */
export function signSortedParameters(
  parameters: Readonly<Record<string, ParameterValue>>,
  secret: string,
  scheme: SortedParametersScheme,
): string {
  const base = joinSortedParameters(parameters, scheme) + scheme.secretJoiner + secret;
  const digest = createHash(scheme.digest).update(base, "utf8").digest("hex");
  return scheme.letterCase === "upper" ? digest.toUpperCase() : digest;
}

function joinSortedParameters(
  parameters: Readonly<Record<string, ParameterValue>>,
  { dropsEmpty }: SortedParametersScheme,
): string {
  return Object.entries(parameters)
    .filter(([, value]) => !dropsEmpty || !isEmpty(value))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${key}=${textOf(value)}`)
    .join("&");
}

function isEmpty(value: ParameterValue): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function textOf(value: ParameterValue): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
