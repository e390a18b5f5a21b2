import { Client } from "undici";

/** An answer with its way: bytes as they came, so that only who wants to look into them pays for reading. */
export interface RawAnswer {
  readonly status: number;
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
}

/** A client of a server under test: one connection, kept alive, one query at a time. */
export interface BenchClient {
  post(body: Buffer): Promise<RawAnswer>;
  close(): Promise<void>;
}

/** Longer than any server under test takes when all is well. */
const patienceMs = 120_000;

const headers = { "content-type": "application/json", accept: "application/json" };

export function createClient(url: string): BenchClient {
  const { origin, pathname } = new URL(url);
  const client = new Client(origin, { headersTimeout: patienceMs, bodyTimeout: patienceMs });
  return {
    post: (body) =>
      new Promise((resolve, reject) => {
        const chunks: Buffer[] = [];
        let status = 0;
        let bytes = 0;
        client.dispatch(
          { method: "POST", path: pathname, headers, body },
          {
            onRequestStart() {},
            onResponseStart(_controller, statusCode) {
              status = statusCode;
            },
            onResponseData(_controller, chunk) {
              chunks.push(chunk);
              bytes += chunk.length;
            },
            onResponseEnd: () => resolve({ status, chunks, bytes }),
            onResponseError: (_controller, error) => reject(error),
          },
        );
      }),
    close: () => client.close(),
  };
}
