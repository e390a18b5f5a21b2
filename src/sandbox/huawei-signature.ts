import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { SandboxRequest } from "./upstream.ts";

/** A key pair the emulated gateway knows. A temporary one is only good together with its security token. */
export interface AccessKey {
  readonly secretKey: string;
  readonly securityToken?: string;
}

export interface Authorization {
  readonly accessKey: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

export type SignatureVerdict =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly reason: string; readonly canonicalRequest: string };

const SIGNATURE_ALGORITHM = "SDK-HMAC-SHA256";

const MAX_CLOCK_SKEW_MS = 15 * 60_000;
const AUTHORIZATION_FORM = /^SDK-HMAC-SHA256 Access=([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/;
const SDK_DATE_FORM = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** Reads an `Authorization` header of the scheme; null for another scheme or form. */
export function parseAuthorization(header: string): Authorization | null {
  const [, accessKey, names, signature] = AUTHORIZATION_FORM.exec(header) ?? [];
  if (accessKey === undefined || names === undefined || signature === undefined) return null;
  return { accessKey, signedHeaders: names.split(";"), signature };
}

/**
 * Verifies a signature over the bytes received, as the vendor's signing guide (devg-apisign) describes it.
 * `nowMs` is epoch milliseconds; a date more than 15 minutes away from it is refused.
 */
export function verifySignature(
  request: SandboxRequest,
  authorization: Authorization,
  key: AccessKey,
  nowMs: number,
): SignatureVerdict {
  const canonicalRequest = canonicalRequestOf(request, authorization.signedHeaders);
  const reason =
    reasonAgainstHeaders(request, authorization.signedHeaders) ??
    reasonAgainstDate(request.headers["x-sdk-date"], nowMs) ??
    reasonAgainstSecurityToken(request, key) ??
    reasonAgainstDigest(request, authorization, key, canonicalRequest);
  return reason === null ? { kind: "accepted" } : { kind: "refused", reason, canonicalRequest };
}

function reasonAgainstHeaders(request: SandboxRequest, names: readonly string[]): string | null {
  if (!names.includes("x-sdk-date")) return "x-sdk-date is not signed";
  const missing = names.find((name) => !Object.hasOwn(request.headers, name));
  if (missing !== undefined) return `signed header ${missing} is missing`;
  const ascending = names.every((name, index) => index === 0 || (names[index - 1] ?? "") < name);
  return ascending ? null : "signed headers are not sorted";
}

function reasonAgainstDate(text: string | undefined, nowMs: number): string | null {
  const signedAtMs = parseSdkDate(text ?? "");
  if (signedAtMs === null) return "x-sdk-date is unreadable";
  return Math.abs(nowMs - signedAtMs) > MAX_CLOCK_SKEW_MS ? "x-sdk-date is out of range" : null;
}

/** Epoch milliseconds of `YYYYMMDDTHHMMSSZ`, or null. */
function parseSdkDate(text: string): number | null {
  const parts = SDK_DATE_FORM.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const parsed = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(parsed) ? null : parsed;
}

function reasonAgainstSecurityToken(request: SandboxRequest, key: AccessKey): string | null {
  if (key.securityToken === undefined) return null;
  return request.headers["x-security-token"] === key.securityToken ? null : "security token refused";
}

function reasonAgainstDigest(
  request: SandboxRequest,
  authorization: Authorization,
  key: AccessKey,
  canonicalRequest: string,
): string | null {
  const stringToSign = [SIGNATURE_ALGORITHM, request.headers["x-sdk-date"], sha256(canonicalRequest)].join("\n");
  const expected = createHmac("sha256", key.secretKey).update(stringToSign).digest();
  const received = Buffer.from(authorization.signature, "hex");
  return timingSafeEqual(expected, received) ? null : "signature does not match";
}

function canonicalRequestOf(request: SandboxRequest, names: readonly string[]): string {
  const headerBlock = names.map((name) => `${name}:${request.headers[name] ?? ""}\n`).join("");
  return [
    request.method.toUpperCase(),
    canonicalPath(request.path),
    canonicalQuery(request.rawQuery),
    headerBlock,
    names.join(";"),
    request.headers["x-sdk-content-sha256"] ?? sha256(request.body),
  ].join("\n");
}

/** The signed path always ends in a slash, the sent one need not. */
function canonicalPath(path: string): string {
  const encoded = path.split("/").map(reencode).join("/");
  return encoded.endsWith("/") ? encoded : `${encoded}/`;
}

function canonicalQuery(rawQuery: string): string {
  const pairs = rawQuery.split("&").filter((part) => part !== "");
  return pairs
    .map(splitPair)
    .sort((a, b) => compareByCodeUnit(a.name, b.name) || compareByCodeUnit(a.value, b.value))
    .map(({ name, value }) => `${encode(name)}=${encode(value)}`)
    .join("&");
}

function splitPair(part: string): { name: string; value: string } {
  const at = part.indexOf("=");
  if (at === -1) return { name: decode(part), value: "" };
  return { name: decode(part.slice(0, at)), value: decode(part.slice(at + 1)) };
}

function compareByCodeUnit(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function reencode(segment: string): string {
  return encode(decode(segment));
}

/** A plus sign stays a plus sign: this is percent-encoding, not a form. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Keeps `A–Z a–z 0–9 - _ . ~` only; `encodeURIComponent` leaves five more characters alone. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
