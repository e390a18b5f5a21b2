import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** What a test's upstream was asked. */
export interface AskedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What it answers; an object is sent as JSON. */
export interface FarAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The upstream's end of a test: a real HTTP server on loopback. */
export interface FarSide {
  readonly baseUrl: string;
  /** In the order of their arrival. */
  readonly asked: readonly AskedRequest[];
  close(): Promise<void>;
}

/** `"reset"` cuts the connection instead of answering. */
export type Answering = (request: AskedRequest) => FarAnswer | "reset" | Promise<FarAnswer | "reset">;

export async function startFarSide(answering: Answering): Promise<FarSide> {
  const asked: AskedRequest[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = "", url: path = "", headers } = incoming;
    const request = { method, path, headers, body: Buffer.concat(chunks).toString("utf8") };
    asked.push(request);
    const answer = await answering(request);
    if (answer === "reset") {
      incoming.socket.destroy();
      return;
    }
    const { status = 200, headers: answerHeaders = {}, body = "" } = answer;
    // The clock of a test is not that of the machine.
    outgoing.sendDate = false;
    outgoing.writeHead(status, answerHeaders).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
