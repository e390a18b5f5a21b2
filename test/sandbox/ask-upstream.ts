import { createHash } from "node:crypto";
import { request } from "node:http";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Parsed body; undefined when it is no JSON. */
  readonly json: unknown;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

/** One call on a connection of its own. Rejects when the answer does not arrive whole. */
export function ask(url: string, options: AskOptions = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body, timeoutMs = 5000 } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false, signal: AbortSignal.timeout(timeoutMs) });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("error", reject);
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: parse(text) });
      });
    });
    outgoing.end(body === undefined || typeof body === "string" ? body : JSON.stringify(body));
  });
}

/** A body for the eIoTClub query, signed with the sandbox's key unless told otherwise. */
export function eiotclubBody(ids: readonly string[], atMs: number, changes: Record<string, unknown> = {}): object {
  const nonce = 10_000 + (createNonce() % 90_000);
  const parameters: Record<string, unknown> = {
    appkey: "sandbox-sim",
    timestamp: Math.floor(atMs / 1000),
    nonce,
    ids: ids.join(","),
    ...changes,
  };
  const pairs = Object.keys(parameters)
    .filter((key) => parameters[key] !== "")
    .sort()
    .map((key) => `${key}=${String(parameters[key])}`);
  const text = [...pairs, "secret=sandbox-eiotclub-secret"].join("&");
  const sign = createHash("sha1").update(text).digest("hex").toUpperCase();
  return { ...parameters, sign, ...("sign" in changes ? { sign: changes.sign } : {}) };
}

let lastNonce = 0;

function createNonce(): number {
  lastNonce += 1;
  return lastNonce;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
