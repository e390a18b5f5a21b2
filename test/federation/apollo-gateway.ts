import { ApolloGateway, RemoteGraphQLDataSource } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import {
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import { startStandaloneServer } from "@apollo/server/standalone";
import type { HiveGatewayOptions, RunningGateway } from "../supergraph/hive-gateway.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Apollo's gateway on loopback. It reports to nobody. */
export async function startApolloGateway({
  supergraphSdl,
  headers,
}: Pick<HiveGatewayOptions, "supergraphSdl" | "headers">): Promise<RunningGateway> {
  const gateway = new ApolloGateway({
    supergraphSdl,
    logger: silent,
    buildService: ({ name, url }) =>
      new RemoteGraphQLDataSource({
        ...(url !== undefined && { url }),
        willSendRequest({ request }) {
          for (const [header, value] of Object.entries(headers[name] ?? {})) request.http?.headers.set(header, value);
        },
      }),
  });
  const server = new ApolloServer({
    gateway,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    logger: silent,
    stopOnTerminationSignals: false,
    plugins: [ApolloServerPluginLandingPageDisabled(), ApolloServerPluginUsageReportingDisabled()],
  });
  const { url } = await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: 0 } });
  return { endpoint: url, close: () => server.stop() };
}
