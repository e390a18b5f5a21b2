import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import { buffer } from "node:stream/consumers";

/** Stands before the replicas, as the load balancer of a cluster does: in turn, but for those that cannot be reached. */
export interface Balancer {
  /** No trailing slash. */
  readonly url: string;
  /** How many requests each replica has answered, in their order. */
  readonly answered: readonly number[];
  close(): Promise<void>;
}

interface Backend {
  readonly url: string;
  /** Epoch milliseconds. */
  leftAloneUntil: number;
}

const leaveAloneMs = 300;

/** Questions may be asked twice: one that a replica took with it is asked of the next. */
export async function startBalancer(urls: readonly string[]): Promise<Balancer> {
  const backends: Backend[] = urls.map((url) => ({ url, leftAloneUntil: 0 }));
  const answered = urls.map(() => 0);
  const agent = new Agent({ keepAlive: true });
  let turn = 0;

  /** All of them once, those first that could be reached. */
  function inTurn(): number[] {
    turn += 1;
    const order = backends.map((_backend, index) => (index + turn) % backends.length);
    const isReachable = (index: number): boolean => (backends[index]?.leftAloneUntil ?? 0) <= Date.now();
    return [...order.filter(isReachable), ...order.filter((index) => !isReachable(index))];
  }

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    for (const index of inTurn()) {
      const backend = backends[index];
      if (!backend) continue;
      try {
        const answer = await ask(`${backend.url}${incoming.url}`, incoming, body, agent);
        answered[index] = (answered[index] ?? 0) + 1;
        outgoing.writeHead(answer.status, { "content-type": answer.headers["content-type"] ?? "text/plain" });
        outgoing.end(answer.body);
        return;
      } catch {
        backend.leftAloneUntil = Date.now() + leaveAloneMs;
      }
    }
    outgoing.writeHead(502).end();
  }

  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    answered,
    async close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, "close");
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function ask(url: string, { method, headers }: IncomingMessage, body: Buffer, agent: Agent): Promise<Answer> {
  const { host: _host, "transfer-encoding": _encoding, connection: _connection, ...passed } = headers;
  const outgoing = request(url, { method, agent, headers: { ...passed, "content-length": body.length } });
  outgoing.end(body);
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  return { status: incoming.statusCode ?? 502, headers: incoming.headers, body: await buffer(incoming) };
}
