import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createGatewayRuntime, type GatewayPlugin } from "@graphql-hive/gateway-runtime";
import { unifiedGraphHandler } from "@graphql-hive/router-runtime";
import useHTTPCache, { type HTTPCachePluginOptions } from "@graphql-mesh/plugin-http-cache";

export interface HiveGatewayOptions {
  readonly supergraphSdl: string;
  /** What the requests to a subgraph carry, by its name. */
  readonly headers: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The planner in Rust instead of the stitching one. */
  readonly usesRustPlanner?: boolean;
  /** Keeps subgraphs' answers as long as their `Cache-Control` lets a shared cache do so. */
  readonly httpCache?: HttpCache;
  /** Default 0: any free one. */
  readonly port?: number;
  /** A page for browsers; none by default. */
  readonly graphiqlPage?: string;
}

type HttpCache = NonNullable<HTTPCachePluginOptions["cache"]>;

export interface RunningGateway {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Hive's gateway on loopback. It reports to nobody, and imports `@graphql-mesh/transport-http` by itself when it first asks. */
export async function startHiveGateway(options: HiveGatewayOptions): Promise<RunningGateway> {
  const { supergraphSdl, headers, usesRustPlanner = false, httpCache, port = 0, graphiqlPage } = options;
  const gateway = createGatewayRuntime({
    supergraph: supergraphSdl,
    logging: false,
    landingPage: false,
    graphiql: graphiqlPage !== undefined,
    ...(graphiqlPage !== undefined && { renderGraphiQL: () => graphiqlPage }),
    propagateHeaders: { fromClientToSubgraphs: ({ subgraphName }) => headers[subgraphName] ?? {} },
    ...(usesRustPlanner && { unifiedGraphHandler }),
    ...(httpCache && { plugins: () => [useHTTPCache({ cache: httpCache }) as GatewayPlugin] }),
  });
  const server = createServer((request, response) => void gateway(request, response));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    async close() {
      server.close();
      server.closeIdleConnections();
      await once(server, "close");
      await gateway[Symbol.asyncDispose]();
    },
  };
}
