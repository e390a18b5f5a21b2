import { type LocalSupergraph, startLocalSupergraph } from "./local-supergraph.ts";

const defaultPort = 4000;

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const supergraph = await startLocalSupergraph(readPort(process.env.PORT));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      supergraph.close().then(
        () => process.exit(0),
        (error: unknown) => {
          process.stderr.write(`${String(error)}\n`);
          process.exit(1);
        },
      );
    });
  }
  process.stdout.write(welcome(supergraph));
}

function readPort(text = String(defaultPort)): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error("PORT must be a port's number, or 0 for any free one");
}

function welcome({ endpoint, subgraphs, sandboxControl, exampleQuery }: LocalSupergraph): string {
  const query = exampleQuery.replace(/\s+/g, " ");
  return `
A supergraph of two subgraphs at ${endpoint}

  GraphiQL   open ${endpoint} in a browser; its first query asks both subgraphs
  Subgraphs  tasks    ${subgraphs.tasks} (enters only who has the router's secret)
             imports  ${subgraphs.imports}
  Sandbox    ${sandboxControl} shows the upstream calls and switches faults on
  Try        curl -s ${endpoint} -H 'content-type: application/json' -d '${JSON.stringify({ query })}'

`;
}
