import { parseDocument } from "yaml";
import { z } from "zod";
import type { Provider } from "../providers/provider.ts";
import { type AccountOptions, accountNamePattern, secretText } from "../providers/shared/account-options.ts";
import { Secret } from "../providers/shared/secret.ts";
import { check, unknownKey } from "./check.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
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
  deadlineMs: z.int().min(500).default(8_000),
  maxBodyBytes: z.int().min(1_000).default(1_000_000),
});

const cacheSchema = z.strictObject({
  maxEntries: z.int().positive().default(100_000),
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
  const document = parseDocument(text);
  const problems = document.errors.map(({ message }) => ({ path: "", message: message.split("\n")[0] ?? message }));
  if (problems.length > 0) throw new ConfigError(problems);
  return loadConfig(document.toJS(), sources, providers);
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
  const server = check(serverSchema, withPort(sections.server ?? {}, sources), ["server"], problems);
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
    if (!isKnown) problems.push({ path: key, message: unknownKey(key, sectionNames) });
  }
  return document;
}

const accountEntriesSchema = z.record(z.string(), z.record(z.string(), z.unknown()));

function withPort(server: unknown, { environment }: SubstitutionSources): unknown {
  const override = environment.PORT;
  if (override === undefined || override === "" || typeof server !== "object") return server;
  return { ...server, port: Number(override) };
}

function checkAccounts(
  entries: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  providers: Providers,
  problems: ConfigProblem[],
): ConfiguredAccount[] {
  if (Object.keys(entries).length === 0) problems.push({ path: "accounts", message: "at least one account is needed" });
  const accounts: ConfiguredAccount[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const account = checkAccount(name, entry, providers, problems);
    if (account) accounts.push(account);
  }
  checkNames(accounts, problems);
  return accounts;
}

function checkAccount(
  name: string,
  entry: Readonly<Record<string, unknown>>,
  providers: Providers,
  problems: ConfigProblem[],
): ConfiguredAccount | undefined {
  const path = `accounts.${name}`;
  if (!accountNamePattern.test(name)) {
    problems.push({ path, message: "an account's name is lower-case letters, digits and hyphens, at most 63" });
  }
  const provider = providers.get(String(entry.provider));
  if (!provider) {
    problems.push({ path: `${path}.provider`, message: `must be one of ${[...providers.keys()].join(", ")}` });
    return undefined;
  }
  const options = check(provider.accountSchema, entry, ["accounts", name], problems);
  if (!options) return undefined;
  const { maxIdsPerCall } = provider.limits;
  if (options.maxIdsPerCall !== undefined && options.maxIdsPerCall > maxIdsPerCall) {
    problems.push({ path: `${path}.maxIdsPerCall`, message: `must be at most the provider's ${maxIdsPerCall}` });
  }
  return { name, provider, options };
}

/** Names and former names share one space: an id must lead to one account. */
function checkNames(accounts: readonly ConfiguredAccount[], problems: ConfigProblem[]): void {
  const taken = new Set(accounts.map(({ name }) => name));
  for (const { name, options } of accounts) {
    for (const [index, alias] of options.aliases.entries()) {
      if (taken.has(alias)) {
        problems.push({ path: `accounts.${name}.aliases[${index}]`, message: `"${alias}" names an account already` });
      }
      taken.add(alias);
    }
  }
}
