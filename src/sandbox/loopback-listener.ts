import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** Longer than any client keeps an idle connection, so that the client is the one who closes it. */
const KEEP_ALIVE_MS = 120_000;

export interface LoopbackListener {
  /** No trailing slash. Stays the same over closing and reopening. */
  readonly url: string;
  /** Ends every connection at once and refuses new ones. Safe to repeat. */
  close(): Promise<void>;
  /** Listens again on the same port. Safe to repeat. */
  open(): Promise<void>;
}

/** Listens on `port` of `host`; 0 picks a free one. */
export async function listenOnLoopback(handle: RequestListener, host: string, port = 0): Promise<LoopbackListener> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, handle);

  const listen = (onPort: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(onPort, host, () => {
        server.off("error", reject);
        resolve();
      });
    });

  await listen(port);
  // Without a pipe name an address is always an AddressInfo once `listen` has called back.
  const { port: boundPort } = server.address() as AddressInfo;

  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${boundPort}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    open: async () => {
      if (!server.listening) await listen(boundPort);
    },
  };
}
