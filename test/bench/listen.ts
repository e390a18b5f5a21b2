import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** `fetch` opens a connection for every call under way, and a server that is busy must not refuse them. */
const backlog = 4096;

/** Listens on a free loopback port and tells the bench which, in the way that the subgraph's log does. */
export async function listen(server: Server): Promise<void> {
  server.listen(0, "127.0.0.1", backlog);
  await once(server, "listening");
  tellUrl(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

export function tellUrl(url: string): void {
  process.stdout.write(`${JSON.stringify({ url })}\n`);
}
