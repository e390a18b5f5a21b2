import { createBatching } from "./batching/batching.ts";
import { createAnswerMemory } from "./cache/answer-memory.ts";
import { type CachedAccount, createCachedTasks } from "./cache/cached-tasks.ts";
import { createCallSequence } from "./cache/call-sequence.ts";
import { collectSecrets } from "./config/collect-secrets.ts";
import type { Config, ConfiguredAccount } from "./config/load-config.ts";
import { createFormatError } from "./graphql/format-error.ts";
import { createIdBudget } from "./graphql/id-budget.ts";
import { createQuickExecution } from "./graphql/quick-execution.ts";
import type { AccountView } from "./graphql/resolvers.ts";
import { createResponseFreshness } from "./graphql/response-freshness.ts";
import { createSchema } from "./graphql/schema.ts";
import { createTaskLoaders } from "./loaders/task-loaders.ts";
import { type OpenAccount, openAccounts } from "./open-accounts.ts";
import { providers } from "./providers/registry.ts";
import { joinReplicas } from "./replicas.ts";
import { createApollo } from "./server/apollo.ts";
import { createHttpServer } from "./server/http-server.ts";
import type { AccountDirectory } from "./tasks/task-id.ts";
import { createLog, type Logger } from "./telemetry/log.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { createRedactor } from "./telemetry/redaction.ts";

/** What the process lends to the application; nothing else of it is touched. */
export interface AppOptions {
  readonly config: Config;
  readonly logLevel: string;
  /** Takes finished log lines. */
  readonly logDestination: { write(line: string): void };
  /** GraphiQL's first tabs. */
  readonly exampleQueries: readonly string[];
  /** Epoch milliseconds. */
  now(): number;
  /** 0 (included) to 1 (excluded). */
  random(): number;
}

export interface App {
  readonly log: Logger;
  /** Answers the address, without a path. */
  listen(): Promise<string>;
  /** Drains and closes everything that was opened. */
  close(): Promise<void>;
}

/** Puts the rooms together. Opens no socket until `listen`. */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, now, random } = options;
  const secrets = collectSecrets(config);
  const log = createLog({
    level: options.logLevel,
    redact: createRedactor(secrets),
    destination: options.logDestination,
  });
  const metrics = createMetrics();
  const replicas = joinReplicas({ config, metrics, log, now, random });
  const accounts = openAccounts(config.accounts, {
    secrets,
    metrics,
    log,
    now,
    random,
    sharedTokens: replicas?.tokens,
    sharedRate: replicas?.rateOf,
  });
  const sequence = createCallSequence(now);
  const batching = createBatching({
    accounts,
    gatherMs: config.limits.gatherMs,
    metrics,
    log,
    now,
    nextSequence: sequence.next,
    quarantineChanged: (...suspect) => answers?.suspects.note(...suspect),
  });
  const answers = replicas?.shareAnswers({ suspectFound: batching.quarantine, witness: sequence.witness });
  const memory = createAnswerMemory(config.cache);
  metrics.watchLoad(() => ({ ...batching.load(), ...memory.size() }));
  const tasks = createCachedTasks({
    accounts: new Map([...accounts.values()].map(cachedAccountOf)),
    memory,
    // Without room to keep anything, nothing that is told could be shown.
    shared: config.cache.maxEntries > 0 && answers ? answers : null,
    askUpstreams: batching.fetchTasks,
    metrics,
    now,
    random,
  });
  const schema = createSchema({
    accounts: directoryOf(config.accounts),
    accountViews: [...accounts.values()].map(viewOf),
    taskTypes: new Map([...providers.values()].map((provider) => [provider.typename, provider])),
    maxIdsPerRequest: config.limits.maxIdsPerRequest,
    now,
  });
  const apollo = createApollo({
    schema,
    quickExecution: createQuickExecution(schema),
    introspection: config.server.introspection,
    formatError: createFormatError(log, !config.server.introspection),
    log,
    now,
  });
  await apollo.start();
  const server = await createHttpServer({
    ...config.server,
    ...config.limits,
    routerSecrets: config.server.routerSecrets.map((secret) => secret.reveal()),
    apollo,
    exampleQueries: options.exampleQueries,
    log,
    metrics,
    createContext: (limits) => ({
      loaders: createTaskLoaders({ ...limits, tasks }),
      budget: createIdBudget(config.limits.maxIdsPerOperation),
      freshness: createResponseFreshness(),
    }),
    now,
  });
  return {
    log,
    listen: () => server.listen(),
    async close() {
      await server.drain();
      await Promise.all([replicas?.close(), ...[...accounts.values()].map((account) => account.close())]);
    },
  };
}

function directoryOf(accounts: readonly ConfiguredAccount[]): AccountDirectory {
  return new Map(
    accounts.flatMap(({ name, provider, options: { aliases } }) =>
      [name, ...aliases].map((known) => [known, { name, grammar: provider }] as const),
    ),
  );
}

function cachedAccountOf({ configured: { name, provider }, admission }: OpenAccount): [string, CachedAccount] {
  const isClosed = (): boolean => admission.standing() === "circuit-open";
  return [name, { provider: provider.id, pollRange: provider.limits, isClosed }];
}

function viewOf({ configured: { name, provider }, reads: [plain], health }: OpenAccount): AccountView {
  return {
    name,
    provider: provider.provider,
    maxIdsPerCall: plain.maxIdsPerCall,
    minPollSeconds: provider.limits.pollFloorSeconds,
    health: () => health.current(),
  };
}
