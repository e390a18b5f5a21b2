import { randomUUID } from "node:crypto";
import { createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { providers } from "../../src/providers/registry.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { renderGraphiqlPage } from "../../src/server/graphiql.ts";
import { routerSecretHeader } from "../../src/server/router-secret.ts";
import { composeSupergraph, tasksSubgraph } from "../federation/compose.ts";
import { startHiveGateway } from "./hive-gateway.ts";
import { createImportRecords } from "./import-records.ts";
import { importsSdl, startImportsSubgraph } from "./imports-subgraph.ts";

/** A supergraph in one process, all of it on loopback. */
export interface LocalSupergraph {
  /** The gateway's, with GraphiQL for browsers. */
  readonly endpoint: string;
  /** By name. */
  readonly subgraphs: Readonly<Record<string, string>>;
  readonly sandboxControl: string;
  /** Asks both subgraphs, to and fro. */
  readonly exampleQuery: string;
  close(): Promise<void>;
}

/** Starts the sandbox, this subgraph before it, a peer subgraph, and a gateway before both. Port 0 is any free one. */
export async function startLocalSupergraph(port: number): Promise<LocalSupergraph> {
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close();
  };
  const opened = <Part extends { close(): Promise<void> }>(part: Part): Part => {
    closers.push(() => part.close());
    return part;
  };
  try {
    const sandbox = opened(await startSandbox());
    const routerSecret = randomUUID();
    const app = opened(await createTasksApp(sandbox, routerSecret));
    const tasksUrl = `${await app.listen()}/graphql`;
    const imports = opened(await startImportsSubgraph(createImportRecords(sandbox.exampleIds)));
    const exampleQuery = crossingQuery(sandbox.exampleIds.slice(0, 5));
    const { endpoint } = opened(
      await startHiveGateway({
        supergraphSdl: composeSupergraph([
          tasksSubgraph(tasksUrl),
          { name: "imports", url: imports.url, sdl: importsSdl },
        ]),
        headers: { tasks: { [routerSecretHeader]: routerSecret } },
        port,
        graphiqlPage: await renderGraphiqlPage("/graphql", [exampleQuery]),
      }),
    );
    return {
      endpoint,
      subgraphs: { tasks: tasksUrl, imports: imports.url },
      sandboxControl: sandbox.controlUrl,
      exampleQuery,
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** As a router's operator would run it: no introspection, and no entrance without the secret. */
function createTasksApp(sandbox: Sandbox, routerSecret: string): ReturnType<typeof createApp> {
  const document = { server: { port: 0, routerSecrets: [routerSecret] }, accounts: sandbox.accounts() };
  return createApp({
    config: loadConfig(document, { environment: {}, readFile: () => "" }, providers),
    logLevel: "warn",
    logDestination: process.stdout,
    exampleQueries: [],
    now: Date.now,
    random: Math.random,
  });
}

const crossingQuery = (ids: readonly string[]): string => `query AcrossBothSubgraphs {
  importRecords(first: 3) {
    title
    task {
      __typename
      id
      status
      rawStatus { value label }
      note
    }
  }
  batchTasks(ids: [
${ids.map((id) => `    "${id}"`).join("\n")}
  ]) {
    summary { total countsByStatus { status count } }
    lookups {
      task {
        id
        status
        importRecord { title relatedTasks { id status } }
      }
      problem { code }
    }
  }
}`;
