import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** The far end of a connection, byte by byte: what a well-behaved HTTP server would never do. */
export interface RawUpstream {
  readonly url: string;
  /** Heads of the requests, in the order of their arrival. */
  readonly requests: readonly string[];
  /** When each request arrived, epoch milliseconds. */
  readonly arrivedAt: readonly number[];
  /** Connections that are open now. */
  openSockets(): number;
  /** Resolves when every connection is gone. */
  allSocketsClosed(): Promise<void>;
  close(): Promise<void>;
}

/** Answers the request of this number, counted from 0. */
export type RawAnswering = (socket: Socket, index: number) => void;

export async function startRawUpstream(answering: RawAnswering): Promise<RawUpstream> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const arrivedAt: number[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      server.emit("socket gone");
    });
    let received = "";
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      if (!received.includes("\r\n\r\n")) return;
      requests.push(received);
      arrivedAt.push(Date.now());
      received = "";
      answering(socket, requests.length - 1);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/tasks`,
    requests,
    arrivedAt,
    openSockets: () => sockets.size,
    async allSocketsClosed() {
      while (sockets.size > 0) await once(server, "socket gone");
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Writes a complete answer and keeps the connection. */
export function answerWith(socket: Socket, status: number, body = "", headers: readonly string[] = []): void {
  const head = [`HTTP/1.1 ${status} Text`, `content-length: ${Buffer.byteLength(body)}`, ...headers];
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
}
