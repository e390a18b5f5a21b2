import { BasicCredentials } from "@huaweicloud/huaweicloud-sdk-core";
import { AKSKSigner } from "@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAuthorization, verifySignature } from "../../src/sandbox/huawei-signature.ts";
import type { SandboxRequest } from "../../src/sandbox/upstream.ts";
import { signSdkHmacSha256 } from "../../src/signing/sdk-hmac-sha256.ts";

/** A request before it becomes a URL and bytes, which is how the official signer takes it. */
interface Parts {
  readonly method: string;
  readonly origin: string;
  /** Not encoded. */
  readonly segments: readonly string[];
  /** Not encoded; a name that has several values is repeated. */
  readonly query: readonly (readonly [name: string, values: readonly string[]])[];
  readonly headers: Readonly<Record<string, string>>;
  /** What the body is the JSON of; undefined: no body. */
  readonly data: unknown;
  /** Epoch milliseconds. */
  readonly signedAt: number;
}

const keys = { accessKey: "SANDBOXAKSIGNING0001", secretKey: "signing-agreement-secret" };
const cases = { numRuns: 1000 };

/** Any characters but half surrogate pairs, which no encoding can say. */
const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }), fc.string());

const reservedOrNot = fc.constantFrom(..."aZ09-_.~!$&()*+,;=:@%[]é名前😀\u0301");

/** A segment without the characters that the official signer's URL parser escapes before it signs. */
const segment = fc
  .string({ unit: reservedOrNot, maxLength: 12 })
  .filter((written) => written !== "." && written !== "..");

/** Characters that must be escaped in a URL, and that the official signer therefore escapes twice. */
const escapedSegment = fc.string({ unit: fc.constantFrom(..." \"'<>`{|}^?#/\\\t\u007f"), minLength: 1, maxLength: 6 });

const dates = fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });

/** Names that vendor APIs know, and some that are hard to sort. */
const headerNames = fc.subarray(
  [
    ...["content-type", "X-Project-Id", "X-Security-Token", "X-Language", "X-Domain-Id", "Accept", "x-request-id"],
    ...["x-a", "x-ab", "x-a-b", "X-A1", "x-1", "xa", "xb"],
  ],
  { minLength: 0 },
);

/** The contract has header values sent without white space around them. */
const headerValue = fc
  .string({ unit: fc.constantFrom(..." !#%&+,-./09:;=?@AZ_az|~"), maxLength: 20 })
  .map((value) => value.trim());

const plainHeaders = headerNames.chain((names) =>
  fc
    .array(headerValue, { minLength: names.length, maxLength: names.length })
    .map((values) => Object.fromEntries(names.map((name, place) => [name, values[place] ?? ""]))),
);

/** This header stands for the body's hash, whatever the body is. */
const contentHash = fc.constantFrom({}, {}, {}, { "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD" });

const parts: fc.Arbitrary<Parts> = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"),
  origin: fc.constantFrom(
    "https://drs.cn-north-4.myhuaweicloud.com",
    "http://127.0.0.1:4010",
    "https://DLI.Example.com",
  ),
  segments: fc.array(segment, { maxLength: 6 }),
  query: fc.uniqueArray(fc.tuple(text, fc.array(text, { minLength: 1, maxLength: 3 })), {
    maxLength: 5,
    selector: ([name]) => name,
  }),
  headers: fc.tuple(plainHeaders, contentHash).map(([plain, hash]) => ({ ...plain, ...hash })),
  data: fc.option(fc.jsonValue({ stringUnit: "binary" }).filter(isSentByOfficialClient), { nil: undefined }),
  signedAt: dates.map((date) => date.getTime()),
});

/** The official client sends nothing for these. */
function isSentByOfficialClient(data: unknown): boolean {
  return Boolean(data);
}

function urlOf({ origin, segments, query }: Parts): string {
  const pairs = query.flatMap(([name, values]) =>
    values.map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
  );
  const path = segments.map((each) => `/${encodeURIComponent(each)}`).join("");
  return `${origin}${path}${pairs.length > 0 ? `?${pairs.join("&")}` : ""}`;
}

function bodyOf({ data }: Parts): string | undefined {
  return data === undefined ? undefined : JSON.stringify(data);
}

function signOurs(request: Parts): Record<string, string> {
  const { method, headers, signedAt } = request;
  const body = bodyOf(request);
  return signSdkHmacSha256(
    { method: method.toLowerCase(), url: urlOf(request), headers, ...(body !== undefined && { body }) },
    keys,
    signedAt,
  );
}

/** The official signer's own date format; a date that is given is kept. */
function sdkDate(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
}

function signOfficially(request: Parts, path = request.segments.map((each) => `/${each}`).join("")): string {
  const { method, origin, query, headers, data, signedAt } = request;
  const credentials = new BasicCredentials().withAk(keys.accessKey).withSk(keys.secretKey);
  const signed = AKSKSigner.sign(
    {
      method,
      endpoint: `${origin}${path}`,
      queryParams: Object.fromEntries(
        query.map(([name, values]) => [name, values.length > 1 ? [...values] : values[0]]),
      ),
      headers: { ...headers, "X-Sdk-Date": sdkDate(signedAt) },
      data,
    },
    credentials,
  );
  return (signed as { readonly Authorization: string }).Authorization;
}

/** As the sandbox receives what our client sends. */
function received(request: Parts): SandboxRequest {
  const { pathname, search } = new URL(urlOf(request));
  const rawQuery = search.slice(1);
  return {
    method: request.method,
    path: pathname,
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers: signOurs(request),
    body: Buffer.from(bodyOf(request) ?? ""),
  };
}

function verdictOn(request: SandboxRequest, nowMs: number): string {
  const authorization = parseAuthorization(request.headers.authorization ?? "");
  return authorization === null ? "unreadable" : verifySignature(request, authorization, keys, nowMs).kind;
}

describe("our signer and the official one", () => {
  it("sign any request alike", () => {
    fc.assert(
      fc.property(parts, (request) => {
        expect(signOurs(request).authorization).toBe(signOfficially(request));
      }),
      cases,
    );
  });

  it("part ways only where a path must be escaped: the official one signs the escaped path escaped again", () => {
    fc.assert(
      fc.property(parts, fc.array(escapedSegment, { minLength: 1, maxLength: 3 }), (request, segments) => {
        const once = segments.map(encodeURIComponent).map((each) => each.replace(/'/g, "%27"));
        const escapedAgain = signOurs({ ...request, segments: once });
        const path = once.map((each) => `/${each}`).join("");

        expect(signOfficially(request, path)).toBe(escapedAgain.authorization);
        expect(signOurs({ ...request, segments }).authorization).not.toBe(escapedAgain.authorization);
      }),
      cases,
    );
  });

  it("are at one on a plus sign in a query, also when the URL writes it bare: it is no space", () => {
    const headers = { "content-type": "application/json" };
    const query = [["a+b", ["c+d"]]] as const;
    const request = { method: "GET", origin: "https://h.example.com", segments: [], query, headers, data: undefined };
    const url = "https://h.example.com/?a+b=c+d";

    const bare = signSdkHmacSha256({ method: "GET", url, headers }, keys, 0);

    expect(bare.authorization).toBe(signOfficially({ ...request, signedAt: 0 }));
    const asSent = { ...received({ ...request, signedAt: 0 }), rawQuery: "a+b=c+d", headers: bare };
    expect(verdictOn(asSent, 0)).toBe("accepted");
  });
});

describe("the sandbox's verifier", () => {
  it("accepts what both signers sign", () => {
    fc.assert(
      fc.property(parts, (request) => {
        const ours = received(request);
        const official = { ...ours, headers: { ...ours.headers, authorization: signOfficially(request) } };

        expect([ours, official].map((each) => verdictOn(each, request.signedAt))).toEqual(["accepted", "accepted"]);
      }),
      cases,
    );
  });

  it("refuses it with any one byte changed", () => {
    fc.assert(
      fc.property(parts, fc.nat(), fc.nat(), (request, part, place) => {
        const changes = changesOf(received(request));
        const changed = changes[part % changes.length]?.(place);

        expect(changed && verdictOn(changed, request.signedAt)).toMatch(/refused|unreadable/);
      }),
      cases,
    );
  });
});

type Change = (place: number) => SandboxRequest;

/** One way of changing a byte for each signed part that has one. */
function changesOf(request: SandboxRequest): Change[] {
  const { method, path, rawQuery, headers, body } = request;
  const names = parseAuthorization(headers.authorization ?? "")?.signedHeaders ?? [];
  const filled = names.filter((name) => headers[name] !== "");
  return [
    (place) => ({ ...request, method: changed(method, place) }),
    (place) => ({ ...request, path: `/${changed(path.slice(1), place)}` }),
    ...(rawQuery === "" ? [] : [(place: number) => ({ ...request, rawQuery: changed(rawQuery, place) })]),
    ...(body.length === 0 || "x-sdk-content-sha256" in headers
      ? []
      : [(place: number) => ({ ...request, body: withByteChanged(body, place) })]),
    ...filled.map((name) => (place: number) => withHeader(request, name, changed(headers[name] ?? "", place))),
    (place) => withHeader(request, "authorization", changedSignature(headers.authorization ?? "", place)),
  ];
}

function withHeader(request: SandboxRequest, name: string, value: string): SandboxRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

/** Another letter or digit in its place; where there is nothing, a digit more. */
function changed(written: string, place: number): string {
  const at = place % Math.max(1, written.length);
  return `${written.slice(0, at)}${written[at] === "1" ? "2" : "1"}${written.slice(at + 1)}`;
}

function withByteChanged(bytes: Buffer, place: number): Buffer {
  const copy = Buffer.from(bytes);
  const at = place % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 + (place % 255));
  return copy;
}

function changedSignature(authorization: string, place: number): string {
  const at = authorization.indexOf("Signature=") + "Signature=".length;
  return authorization.slice(0, at) + changed(authorization.slice(at), place);
}
