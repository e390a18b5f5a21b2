import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type App, createApp } from "./app.ts";
import { ConfigError } from "./config/config-error.ts";
import { type Config, loadConfig, parseConfigText } from "./config/load-config.ts";
import type { SubstitutionSources } from "./config/substitute.ts";
import { exampleQueries } from "./example-queries.ts";
import { providers } from "./providers/registry.ts";
import { validateLive } from "./validate-live.ts";

const exitCodes = { ok: 0, failure: 1, configuration: 78 } as const;

const sources: SubstitutionSources = {
  environment: process.env,
  readFile: (path) => readFileSync(path, "utf8"),
};

try {
  await main();
} catch (error) {
  process.stderr.write(`${describe(error)}\n`);
  process.exit(error instanceof ConfigError ? exitCodes.configuration : exitCodes.failure);
}

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: {
      config: { type: "string" },
      validate: { type: "boolean", default: false },
      live: { type: "boolean", default: false },
    },
  });
  const configFile = flags.config ?? process.env.BATCH_TASK_CONFIG;
  if (flags.validate) process.exitCode = await validate(configFile, flags.live);
  else if (configFile === undefined) await runWithSandbox();
  else await runConfigured(readConfig(configFile));
}

function readConfig(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new ConfigError([{ path: "", message: `the file ${path} cannot be read` }]);
  }
  return parseConfigText(text, sources, providers);
}

async function run(config: Config, logLevel: string, exampleIds: readonly string[]): Promise<App & { url: string }> {
  const app = await createApp({
    config,
    logLevel,
    logDestination: process.stdout,
    exampleQueries: exampleQueries(exampleIds),
    now: Date.now,
    random: Math.random,
  });
  const url = await app.listen();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      app.log.info({ signal }, "draining");
      app.close().then(
        () => process.exit(exitCodes.ok),
        (error: unknown) => {
          app.log.error({ err: error }, "the drain failed");
          process.exit(exitCodes.failure);
        },
      );
    });
  }
  app.log.info({ url: `${url}${config.server.path}` }, "serving");
  return { ...app, url };
}

async function runConfigured(config: Config): Promise<void> {
  const { log } = await run(config, "info", []);
  for (const warning of warningsOf(config)) log.warn(warning);
}

/** Settings that are taken but do less than an operator may think. */
function warningsOf({ server }: Config): string[] {
  const warnings: string[] = [];
  if (server.routerSecrets.length === 0)
    warnings.push("no router secret is configured: whoever reaches this port may ask");
  return warnings;
}

/** Without a configuration: everything in one process, upstreams included. */
async function runWithSandbox(): Promise<void> {
  const { startSandbox } = await import("./sandbox/sandbox.ts");
  const sandbox = await startSandbox();
  const document = { server: { graphiql: true, introspection: true }, accounts: sandbox.accounts() };
  const config = loadConfig(document, sources, providers);
  const exampleIds = oneIdPerProvider(sandbox.exampleIds, config);
  const { url } = await run(config, "warn", exampleIds);
  process.stdout.write(welcome(`${url}${config.server.path}`, exampleIds, sandbox.controlUrl));
}

function oneIdPerProvider(ids: readonly string[], { accounts }: Config): string[] {
  const providerOf = new Map(accounts.map(({ name, provider }) => [`${name}:`, provider.id]));
  const firstIds = new Map<string | undefined, string>();
  for (const id of ids) {
    const provider = providerOf.get(id.slice(0, id.indexOf(":") + 1));
    if (!firstIds.has(provider)) firstIds.set(provider, id);
  }
  return [...firstIds.values()];
}

function welcome(endpoint: string, exampleIds: readonly string[], controlUrl: string): string {
  const query =
    "query ($ids: [ID!]!) { batchTasks(ids: $ids) { summary { total countsByStatus { status count } } " +
    "lookups { task { __typename id status name } problem { code } } } }";
  return `
Batch tasks of ${exampleIds.length} sandbox upstreams at ${endpoint}

  GraphiQL   open ${endpoint} in a browser
  Ids        ${exampleIds.join("\n             ")}
  Sandbox    ${controlUrl} shows the upstream calls and switches faults on
  Try        curl -s ${endpoint} -H 'content-type: application/json' -d '${JSON.stringify({ query, variables: { ids: exampleIds } })}'

`;
}

async function validate(configFile: string | undefined, isLive: boolean): Promise<number> {
  if (configFile === undefined) throw new ConfigError([{ path: "", message: "name a file with --config" }]);
  const config = readConfig(configFile);
  process.stdout.write(`${configFile}: ${config.accounts.length} accounts, no problems\n`);
  if (!isLive) return exitCodes.ok;
  let exitCode: number = exitCodes.ok;
  for (const { account, problem } of await validateLive(config, { now: Date.now, random: Math.random })) {
    process.stdout.write(`${account}: ${problem ?? "credentials accepted"}\n`);
    if (problem !== null) exitCode = exitCodes.configuration;
  }
  return exitCode;
}

/** What is wrong with the address or the flags needs no stack. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isPlain = error instanceof ConfigError || "code" in error;
  return isPlain ? error.message : (error.stack ?? error.message);
}
