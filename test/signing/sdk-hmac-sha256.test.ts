import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type SignableRequest, signSdkHmacSha256 } from "../../src/signing/sdk-hmac-sha256.ts";

interface Vector {
  readonly name: string;
  readonly input: {
    readonly access_key: string;
    readonly secret_key: string;
    readonly method: string;
    readonly origin: string;
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
  readonly vectors: readonly Vector[];
};

const keys = { accessKey: "AK", secretKey: "SK" };
const signedAt = Date.parse("2025-01-02T03:04:05.678Z");

describe("signSdkHmacSha256", () => {
  it.each(vectors)("gives the official SDK's headers for $name", ({ input, expected }) => {
    const request = requestOf(input, expected.headers_sent);

    const headers = signSdkHmacSha256(request, keysOf(input), epochMsOf(input.x_sdk_date));

    expect(headers).toEqual({ ...lowerCased(expected.headers_sent), authorization: expected.authorization });
  });

  it.each([
    ["the method", { method: "PUT" }],
    ["the path", { url: "https://drs.example.com/v3/other" }],
    ["the query", { url: "https://drs.example.com/v3/jobs?a=1" }],
    ["a header", { headers: { "content-type": "application/json", "x-language": "zh-cn" } }],
    ["the body", { body: "{ }" }],
  ])("gives another signature when %s changes", (_part, change) => {
    const request: SignableRequest = { method: "POST", url: "https://drs.example.com/v3/jobs", headers, body: "{}" };

    const changed = signSdkHmacSha256({ ...request, ...change }, keys, signedAt);

    expect(changed.authorization).not.toBe(signSdkHmacSha256(request, keys, signedAt).authorization);
  });

  it("signs the path as its segments are, however they were encoded", () => {
    const plain = signSdkHmacSha256({ method: "GET", url: "https://h.example.com/a~b/%2d", headers }, keys, signedAt);

    const encoded = signSdkHmacSha256({ method: "GET", url: "https://h.example.com/a%7Eb/-", headers }, keys, signedAt);

    expect(encoded.authorization).toBe(plain.authorization);
  });

  it("sorts the values of a repeated query name", () => {
    const one = signSdkHmacSha256({ method: "GET", url: "https://h.example.com/?b=2&b=1&a", headers }, keys, signedAt);

    const other = signSdkHmacSha256(
      { method: "GET", url: "https://h.example.com/?a=&b=1&b=2", headers },
      keys,
      signedAt,
    );

    expect(other.authorization).toBe(one.authorization);
  });

  it("trims header values, keeps the port in host, and names only signed headers", () => {
    const signed = signSdkHmacSha256(
      { method: "GET", url: "http://127.0.0.1:4010/v3", headers: { "X-Language": " en-us " } },
      keys,
      signedAt,
    );

    expect(signed).toMatchObject({ "x-language": "en-us", host: "127.0.0.1:4010", "x-sdk-date": "20250102T030405Z" });
    expect(signed.authorization).toContain("SignedHeaders=host;x-language;x-sdk-date,");
  });

  it("never shows the secret key", () => {
    const signed = signSdkHmacSha256(
      { method: "GET", url: "https://h.example.com/", headers },
      { accessKey: "AK", secretKey: "very-secret" },
      signedAt,
    );

    expect(JSON.stringify(signed)).not.toContain("very-secret");
  });
});

describe("the vectors", () => {
  it.each(vectors)("agree with themselves for $name", ({ input, expected }) => {
    const hash = createHash("sha256").update(expected.canonical_request).digest("hex");

    const signature = createHmac("sha256", input.secret_key)
      .update(`SDK-HMAC-SHA256\n${input.x_sdk_date}\n${hash}`)
      .digest("hex");

    expect(expected.authorization.endsWith(`Signature=${signature}`)).toBe(true);
  });
});

const headers = { "content-type": "application/json" };

/** The headers that the signer adds itself are not given to it. */
function requestOf(input: Vector["input"], headersSent: Readonly<Record<string, string>>): SignableRequest {
  const { host: _host, "X-Sdk-Date": _date, ...given } = headersSent;
  const query = Object.entries(input.query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const url = `${input.origin}${input.path}${query.length > 0 ? `?${query.join("&")}` : ""}`;
  return { method: input.method, url, headers: given, ...(input.body_bytes !== null && { body: input.body_bytes }) };
}

function keysOf(input: Vector["input"]): { accessKey: string; secretKey: string } {
  return { accessKey: input.access_key, secretKey: input.secret_key };
}

function epochMsOf(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}

function lowerCased(given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
}
