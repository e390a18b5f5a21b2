import { z } from "zod";
import type { Provider } from "../providers/provider.ts";
import { type AccountOptions, accountNamePattern, secretText } from "../providers/shared/account-options.ts";
import { Secret } from "../providers/shared/secret.ts";
import { check, showableKey, unknownKey } from "./check.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { readYaml } from "./read-yaml.ts";
import { type SubstitutionSources, substitute } from "./substitute.ts";

const port = z.int().min(0).max(65_535);

const serverSchema = z.strictObject({
  host: z.string().min(1).default("127.0.0.1"),
  port: port.default(4000),
  path: z
    .string()
    .regex(/^\/[\w/-]*$/, "must be a path such as /graphql")
    .default("/graphql"),
  graphiql: z.boolean().default(false),
  introspection: z.boolean().default(false),
  routerSecrets: z.array(secretText).default([]),
  shutdownGraceMs: z.int().min(0).default(10_000),
});

const limitsSchema = z.strictObject({
  maxIdsPerRequest: z.int().positive().default(1000),
  maxIdsPerOperation: z.int().positive().default(10_000),
  gatherMs: z.int().min(0).max(1_000).default(5),
  deadlineMs: z.int().min(500).default(8_000),
  maxBodyBytes: z.int().min(1_000).default(1_000_000),
});

const cacheSchema = z.strictObject({
  maxEntries: z.int().min(0).default(100_000),
  maxBytes: z.int().positive().default(200_000_000),
  /** First part of all keys in Redis. Braces would decide which node of a Cluster they stand on. */
  redisPrefix: z
    .string()
    .regex(/^[\w:.-]{1,64}$/, "must be 1 to 64 letters, digits and _ : . -")
    .default("batch-task"),
  /** May hold a password. */
  redisUrl: z
    .url({ protocol: /^rediss?$/ })
    .transform((url) => new Secret(url))
    .optional(),
});

export interface Config {
  readonly server: z.output<typeof serverSchema>;
  readonly limits: z.output<typeof limitsSchema>;
  readonly cache: z.output<typeof cacheSchema>;
  readonly accounts: readonly ConfiguredAccount[];
}

export interface ConfiguredAccount {
  readonly name: string;
  readonly provider: Provider;
  readonly options: AccountOptions;
}

/** By the id that the configuration names them with. */
export type Providers = ReadonlyMap<string, Provider>;

/**
 * Reads a configuration file's text.
 *
 * @throws ConfigError with every problem, by path in the file and without values
 */
export function parseConfigText(text: string, sources: SubstitutionSources, providers: Providers): Config {
  const problems: ConfigProblem[] = [];
  const document = readYaml(text, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return loadConfig(document, sources, providers);
}

/**
 * Checks a configuration. The environment's `PORT` wins over the file's.
 *
 * @throws ConfigError with every problem, by path in the document and without values
 */
export function loadConfig(document: unknown, sources: SubstitutionSources, providers: Providers): Config {
  const substituted = substitute(document, sources);
  const problems = substituted.problems;
  const sections = readSections(substituted.document, problems);
  const server = check(serverSchema, withPort(sections.server ?? {}, sources, problems), ["server"], problems);
  const limits = check(limitsSchema, sections.limits ?? {}, ["limits"], problems);
  const cache = check(cacheSchema, sections.cache ?? {}, ["cache"], problems);
  const entries = check(accountEntriesSchema, sections.accounts ?? {}, ["accounts"], problems);
  const accounts = entries ? checkAccounts(entries, providers, problems) : [];
  if (problems.length > 0 || !server || !limits || !cache) throw new ConfigError(problems);
  return { server, limits, cache, accounts };
}

const sectionNames = ["server", "limits", "cache", "accounts"] as const;

type Sections = Readonly<Partial<Record<(typeof sectionNames)[number], unknown>>>;

function readSections(document: unknown, problems: ConfigProblem[]): Sections {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    problems.push({ path: "", message: `must be a mapping with the keys ${sectionNames.join(", ")}` });
    return {};
  }
  for (const key of Object.keys(document)) {
    const isKnown = sectionNames.some((name) => name === key);
    if (!isKnown) problems.push({ path: showableKey(key), message: unknownKey(key, sectionNames) });
  }
  return document;
}

/** Each entry is checked by itself, so that one of another shape does not hide the problems of the others. */
const accountEntriesSchema = z.record(z.string(), z.unknown());

const accountEntrySchema = z.record(z.string(), z.unknown());

function withPort(server: unknown, { environment }: SubstitutionSources, problems: ConfigProblem[]): unknown {
  const override = environment.PORT;
  if (override === undefined || override === "") return server;
  if (typeof server !== "object" || Array.isArray(server)) return server;
  if (/^\d+$/.test(override) && port.safeParse(Number(override)).success) return { ...server, port: Number(override) };
  problems.push({ path: "server.port", message: "the environment's PORT must be a whole number from 0 to 65535" });
  return { ...server, port: undefined };
}

function checkAccounts(
  entries: Readonly<Record<string, unknown>>,
  providers: Providers,
  problems: ConfigProblem[],
): ConfiguredAccount[] {
  if (Object.keys(entries).length === 0) problems.push({ path: "accounts", message: "at least one account is needed" });
  const accounts: ConfiguredAccount[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const account = checkAccount(name, entry, providers, problems);
    if (account) accounts.push(account);
  }
  checkNames(Object.keys(entries), accounts, problems);
  return accounts;
}

function checkAccount(
  name: string,
  value: unknown,
  providers: Providers,
  problems: ConfigProblem[],
): ConfiguredAccount | undefined {
  const path = `accounts.${name}`;
  if (!accountNamePattern.test(name)) {
    problems.push({ path, message: "an account's name is lower-case letters, digits and hyphens, at most 63" });
  }
  const entry = check(accountEntrySchema, value, ["accounts", name], problems);
  if (!entry) return undefined;
  const provider = providers.get(String(entry.provider));
  if (!provider) {
    problems.push({ path: `${path}.provider`, message: `must be one of ${[...providers.keys()].join(", ")}` });
    return undefined;
  }
  const [{ maxIdsPerCall }] = provider.reads;
  if (Number(entry.maxIdsPerCall) > maxIdsPerCall) {
    problems.push({ path: `${path}.maxIdsPerCall`, message: `must be at most the provider's ${maxIdsPerCall}` });
  }
  const options = check(provider.accountSchema, entry, ["accounts", name], problems);
  return options && { name, provider, options };
}

/** Names and former names share one space: an id must lead to one account. */
function checkNames(names: readonly string[], accounts: readonly ConfiguredAccount[], problems: ConfigProblem[]): void {
  const taken = new Set(names);
  for (const { name, options } of accounts) {
    for (const [index, alias] of options.aliases.entries()) {
      if (taken.has(alias)) {
        problems.push({ path: `accounts.${name}.aliases[${index}]`, message: "names an account already" });
      }
      taken.add(alias);
    }
  }
}
