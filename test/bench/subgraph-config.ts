import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { callsUnderWay } from "./workload.ts";

/** Allowances that no measurement reaches: the bench asks what the code costs, not what an upstream permits. */
const allowances = {
  rateLimit: { perSecond: 1_000_000 },
  maxConcurrentCalls: callsUnderWay,
  maxWaitingIds: 1_000_000,
  timeoutMs: 60_000,
};

/** Configuration of the subgraph: both upstreams, and the account `down`, at whose address nobody listens. */
export async function subgraphConfig(upstreamUrl: string, cache: object): Promise<object> {
  const eiotclub = { provider: "eiotclub", appKey: "bench", secret: "bench-secret", ...allowances };
  return {
    limits: { deadlineMs: 60_000 },
    cache,
    accounts: {
      sim: { ...eiotclub, baseUrl: upstreamUrl },
      down: { ...eiotclub, baseUrl: await deadUrl() },
      ops: {
        provider: "bk-sops",
        baseUrl: upstreamUrl,
        appCode: "bench",
        appSecret: "bench-secret",
        username: "bench",
        ...allowances,
      },
    },
  };
}

/** An address that refuses connections. */
async function deadUrl(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}`;
}
