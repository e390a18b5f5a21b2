import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import type { SandboxEnvironment, SandboxRequest } from "../../src/sandbox/upstream.ts";

export interface TestClock {
  /** Epoch milliseconds. */
  nowMs: number;
}

export interface RequestParts {
  readonly method?: string;
  readonly path: string;
  readonly rawQuery?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export const PROJECT_ID = "054ba152d480d55b2f5dc0069e7ddef0";

export function createEnvironment(clock: TestClock = { nowMs: Date.UTC(2026, 0, 2, 3, 4, 5) }): SandboxEnvironment {
  return {
    now: () => clock.nowMs,
    random: () => 0.5,
    sample: (name) => readSample(name),
    baseUrl: (name) => `http://${name}.test`,
  };
}

export function readSample(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../src/sandbox/samples/${name}.json`, import.meta.url), "utf8"));
}

/** A body that is not a text is sent as JSON. */
export function createRequest(parts: RequestParts): SandboxRequest {
  const { method = "GET", path, rawQuery = "", headers = {}, body } = parts;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    method,
    path,
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers: { host: "upstream.test", ...headers },
    body: Buffer.from(text ?? ""),
  };
}

/** Signs a request without query whose path is plain ASCII: content-type, host, x-project-id and x-sdk-date. */
export function signRequest(
  request: SandboxRequest,
  accessKey: string,
  secretKey: string,
  atMs: number,
  extraHeaders: Readonly<Record<string, string>> = {},
): SandboxRequest {
  const date = `${new Date(atMs).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "x-project-id": PROJECT_ID,
    ...request.headers,
    "x-sdk-date": date,
    ...extraHeaders,
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    request.method,
    `${request.path}/`,
    "",
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    names.join(";"),
    sha256(request.body),
  ].join("\n");
  const toSign = ["SDK-HMAC-SHA256", date, sha256(canonical)].join("\n");
  const signature = createHmac("sha256", secretKey).update(toSign).digest("hex");
  const authorization = `SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { ...request, headers: { ...headers, authorization } };
}

/** The fields of a JSON answer. */
export function fieldsOf(body: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(body)) as Record<string, unknown>;
}

export function rowsOf(body: unknown): readonly Record<string, unknown>[] {
  return fieldsOf(body).results as readonly Record<string, unknown>[];
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
