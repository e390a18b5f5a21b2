import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAuthorization, verifySignature } from "../../src/sandbox/huawei-signature.ts";
import type { SandboxRequest } from "../../src/sandbox/upstream.ts";
import { createRequest } from "./huawei-requests.ts";

interface Vector {
  readonly name: string;
  readonly input: {
    readonly secret_key: string;
    readonly security_token: string | null;
    readonly method: string;
    readonly path: string;
    readonly query: Readonly<Record<string, string | number>>;
    readonly x_sdk_date: string;
    readonly body_bytes: string | null;
  };
  readonly expected: {
    readonly headers_sent: Readonly<Record<string, string>>;
    readonly canonical_request: string;
    readonly authorization: string;
  };
}

const { vectors } = JSON.parse(readFileSync(new URL("../vectors/huawei-aksk.json", import.meta.url), "utf8")) as {
  vectors: readonly Vector[];
};
const named = vectors.map((vector) => [vector.name, vector] as const);

function requestOf(vector: Vector): SandboxRequest {
  const { method, path, query, body_bytes: body } = vector.input;
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const headers = Object.entries(vector.expected.headers_sent).map(([name, value]) => [name.toLowerCase(), value]);
  return createRequest({
    method,
    path,
    rawQuery: pairs.join("&"),
    headers: { ...Object.fromEntries(headers), authorization: vector.expected.authorization, "user-agent": "any" },
    body: body ?? "",
  });
}

function dateOf(vector: Vector): number {
  return Date.parse(vector.input.x_sdk_date.replace(/^(.{4})(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}

function verify(vector: Vector, request = requestOf(vector), nowMs = dateOf(vector)) {
  const authorization = parseAuthorization(request.headers.authorization ?? "");
  if (authorization === null) return { kind: "unreadable" as const };
  const { secret_key: secretKey, security_token: securityToken } = vector.input;
  const key = securityToken === null ? { secretKey } : { secretKey, securityToken };
  return verifySignature(request, authorization, key, nowMs);
}

/** The text with one character replaced, once for each character. */
function mutationsOf(text: string): readonly string[] {
  return Array.from(text, (character, at) => {
    const other = character === "1" ? "2" : "1";
    return `${text.slice(0, at)}${other}${text.slice(at + 1)}`;
  });
}

function changedRequests(vector: Vector): readonly SandboxRequest[] {
  const request = requestOf(vector);
  const signedNames = parseAuthorization(vector.expected.authorization)?.signedHeaders ?? [];
  const headerChanges = [...signedNames, "authorization"].flatMap((name) =>
    mutationsOf(request.headers[name] ?? "").map((value) => ({
      ...request,
      headers: { ...request.headers, [name]: value },
    })),
  );
  const bodyText = request.headers["x-sdk-content-sha256"] === undefined ? request.body.toString("utf8") : "";
  return [
    ...mutationsOf(request.method).map((method) => ({ ...request, method })),
    ...mutationsOf(request.path).map((path) => ({ ...request, path })),
    ...mutationsOf(request.rawQuery).map((rawQuery) => ({ ...request, rawQuery })),
    ...mutationsOf(bodyText).map((body) => ({ ...request, body: Buffer.from(body) })),
    ...headerChanges,
  ];
}

describe("the vendor's signature vectors", () => {
  it.each(named)("%s is accepted at its own date", (_, vector) => {
    expect(verify(vector)).toEqual({ kind: "accepted" });
  });

  it.each(named)("%s is refused when any one character of a signed part changes", (_, vector) => {
    // The access key only selects the secret; it is not part of what is signed.
    const accessKey = /Access=([^,]+)/.exec(vector.expected.authorization)?.[1] ?? "";
    const changed = changedRequests(vector).filter((request) => {
      const authorization = parseAuthorization(request.headers.authorization ?? "");
      return authorization === null || authorization.accessKey === accessKey;
    });

    const accepted = changed.filter((request) => verify(vector, request).kind === "accepted");

    expect(changed.length).toBeGreaterThan(200);
    expect(accepted).toEqual([]);
  });

  it.each(named)("%s is refused with a byte more in its body, unless the payload is not signed", (name, vector) => {
    const request = requestOf(vector);

    const verdict = verify(vector, { ...request, body: Buffer.concat([request.body, Buffer.from(" ")]) });

    expect(verdict.kind).toBe(name === "unsigned-payload" ? "accepted" : "refused");
  });

  it.each(named)("%s: a refusal names the canonical request that was recomputed", (_, vector) => {
    const request = requestOf(vector);
    const authorization = vector.expected.authorization.replace(/Signature=.*/, `Signature=${"0".repeat(64)}`);

    const verdict = verify(vector, { ...request, headers: { ...request.headers, authorization } });

    expect(verdict).toMatchObject({ kind: "refused", canonicalRequest: vector.expected.canonical_request });
  });
});

describe("the date of a signature", () => {
  const vector = vectors[1] as Vector;

  it.each([
    [-900_000, "accepted"],
    [900_000, "accepted"],
    [-900_001, "refused"],
    [900_001, "refused"],
  ])("%d ms off is %s", (offMs, kind) => {
    expect(verify(vector, requestOf(vector), dateOf(vector) + offMs).kind).toBe(kind);
  });
});

describe("an Authorization header", () => {
  const signature = "a".repeat(64);

  it.each([
    `V11-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date, Signature=${signature}`,
    `SDK-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date, Signature=${signature.slice(1)}`,
    `SDK-HMAC-SHA256 Access=AK, Signature=${signature}`,
    "Bearer abc",
    "",
  ])("%s is not of the scheme", (header) => {
    expect(parseAuthorization(header)).toBeNull();
  });

  it.each([
    ["content-type;host", "x-sdk-date is not signed"],
    ["host;x-missing;x-sdk-date", "signed header x-missing is missing"],
    ["x-sdk-date;host", "signed headers are not sorted"],
    ["Host;x-sdk-date", "signed header Host is missing"],
    ["host;host;x-sdk-date", "signed headers are not sorted"],
  ])("with the signed headers %s is refused", (names, reason) => {
    const vector = vectors[1] as Vector;
    const authorization = { accessKey: "AK", signedHeaders: names.split(";"), signature };

    const verdict = verifySignature(requestOf(vector), authorization, { secretKey: "any" }, dateOf(vector));

    expect(verdict).toMatchObject({ kind: "refused", reason });
  });

  it("is refused for a temporary key without its security token", () => {
    const vector = vectors.find(({ name }) => name === "drs-post-batch-progress-sts") as Vector;
    const request = requestOf(vector);
    const { "x-security-token": _, ...headers } = request.headers;

    expect(verify(vector, { ...request, headers }).kind).toBe("refused");
  });
});
