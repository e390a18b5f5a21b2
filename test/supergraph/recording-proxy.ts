import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** One GraphQL request that passed. */
export interface PassedRequest {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** HTTP status of the answer. */
  readonly status: number;
}

/** Stands before a GraphQL endpoint and writes down what passes. */
export interface RecordingProxy {
  readonly url: string;
  /** Since the last clearing, in the order of the answers. */
  readonly requests: readonly PassedRequest[];
  clear(): void;
  /** From now on, requests go to this endpoint. */
  passTo(endpoint: string): void;
  close(): Promise<void>;
}

/** Hop-by-hop headers and those that fetch writes itself. */
const ownHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "transfer-encoding",
]);

export async function startRecordingProxy(
  firstEndpoint: string,
  changeCacheControl: (value: string) => string = (value) => value,
): Promise<RecordingProxy> {
  const requests: PassedRequest[] = [];
  let endpoint = firstEndpoint;
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const answer = await fetch(endpoint, {
      method: "POST",
      headers: passedHeaders(incoming),
      body: new Uint8Array(body),
    });
    const text = await answer.text();
    const { query = "", variables } = JSON.parse(body.toString()) as Partial<PassedRequest>;
    requests.push({ query, variables: variables ?? {}, status: answer.status });
    const cacheControl = answer.headers.get("cache-control");
    outgoing.writeHead(answer.status, {
      "content-type": answer.headers.get("content-type") ?? "text/plain",
      ...(cacheControl !== null && { "cache-control": changeCacheControl(cacheControl) }),
    });
    outgoing.end(text);
  };
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch((error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    requests,
    clear: () => requests.splice(0),
    passTo(newEndpoint) {
      endpoint = newEndpoint;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function passedHeaders({ headers }: IncomingMessage): Record<string, string> {
  const passed = Object.entries(headers).filter(([name]) => !ownHeaders.has(name));
  return Object.fromEntries(passed.map(([name, value]) => [name, String(value)]));
}
