import type { IncomingMessage } from "node:http";
import type { SandboxRequest } from "./upstream.ts";

const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** Reads the whole request; null when the client left before its end or the body exceeds 10 MiB. */
export async function readRequest(incoming: IncomingMessage): Promise<SandboxRequest | null> {
  const body = await readBody(incoming);
  if (body === null) return null;

  const target = incoming.url ?? "/";
  const queryAt = target.indexOf("?");
  const rawQuery = queryAt === -1 ? "" : target.slice(queryAt + 1);
  return {
    method: incoming.method ?? "GET",
    path: queryAt === -1 ? target : target.slice(0, queryAt),
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers: flatten(incoming.headers),
    body,
  };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) return null;
      chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks);
}

function flatten(headers: IncomingMessage["headers"]): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}
