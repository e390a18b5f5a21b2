import { createHash, createHmac } from "node:crypto";

/** What is signed: exactly what will be sent. */
export interface SignableRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** All of them are signed; what the HTTP layer adds later is not. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface AccessKeyPair {
  readonly accessKey: string;
  readonly secretKey: string;
}

const algorithm = "SDK-HMAC-SHA256";

/** A header of this name replaces the hash of the body, whatever it says. */
const contentHashHeader = "x-sdk-content-sha256";

/**
 * Signs a request the way of Huawei Cloud's API gateway (vendor signing guide, devg-apisign). The body is always part of
 * the signature, unless the caller says otherwise in the header `x-sdk-content-sha256`.
 *
 * @param signedAt epoch milliseconds; the gateway refuses what is more than 15 minutes off
 * @returns the headers to send, names in lower case: those given, `host`, `x-sdk-date` and `authorization`
 */
export function signSdkHmacSha256(
  request: SignableRequest,
  keys: AccessKeyPair,
  signedAt: number,
): Record<string, string> {
  const url = new URL(request.url);
  const date = sdkDate(signedAt);
  const headers = sortedHeaders({ ...request.headers, host: url.host, "x-sdk-date": date });
  const names = Object.keys(headers).join(";");
  const canonicalRequest = [
    request.method.toUpperCase(),
    canonicalPath(url.pathname),
    canonicalQuery(url.search.slice(1)),
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    "",
    names,
    headers[contentHashHeader] ?? sha256(request.body ?? ""),
  ].join("\n");
  const signature = createHmac("sha256", keys.secretKey)
    .update(`${algorithm}\n${date}\n${sha256(canonicalRequest)}`)
    .digest("hex");
  const authorization = `${algorithm} Access=${keys.accessKey}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...headers, authorization };
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** `YYYYMMDDTHHMMSSZ` */
function sdkDate(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

function sortedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()] as const);
  return Object.fromEntries(entries.sort(([left], [right]) => byCodeUnit(left, right)));
}

/** Ends in a slash for signing, also where the path that is sent has none. */
function canonicalPath(path: string): string {
  const encoded = path
    .split("/")
    .map((segment) => percentEncode(decodeURIComponent(segment)))
    .join("/");
  return encoded.endsWith("/") ? encoded : `${encoded}/`;
}

/**
 * A plus sign stays one: queries are percent-encoded here, not form-encoded. The vendor's Go SDK rewrites the `+` of Go's
 * form encoding to `%20` before it sends, the Node SDK never writes one.
 */
function canonicalQuery(query: string): string {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map(readPair)
    .sort((left, right) => byCodeUnit(left[0], right[0]) || byCodeUnit(left[1], right[1]))
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join("&");
}

function readPair(pair: string): readonly [name: string, value: string] {
  const at = pair.indexOf("=");
  const [name, value] = at === -1 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
  return [decodeURIComponent(name), decodeURIComponent(value)];
}

function byCodeUnit(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Keeps `A–Z a–z 0–9 - _ . ~` and nothing else. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
