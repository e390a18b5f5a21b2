import { expect } from "vitest";
import { collectSecrets } from "../../src/config/collect-secrets.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { type OpenAccount, openAccounts } from "../../src/open-accounts.ts";
import type { CallAnswer, IdAnswer, Provider, ProviderRead } from "../../src/providers/provider.ts";
import { providers } from "../../src/providers/registry.ts";
import { Secret } from "../../src/providers/shared/secret.ts";
import type { HeldTask } from "../../src/sandbox/upstream.ts";
import type { Problem } from "../../src/tasks/problem.ts";
import type { ParsedUpstreamId } from "../../src/tasks/task-id.ts";
import { noLog, noMetrics, taskCall, testStartAt } from "./client-tools.ts";

export type AccountEntry = Readonly<Record<string, unknown>>;

/** Ids of one scope, as many as one call may carry, with the tasks that they name. */
export interface Batch {
  readonly read: ProviderRead;
  readonly scope: string;
  /** By local id. */
  readonly tasks: ReadonlyMap<string, HeldTask>;
}

/** By a clock that stands still a rate that is used up stays so. */
const anyRate = { rateLimit: { perSecond: 1_000_000 } };

/** An account as the service opens it; its clock is that of the tests. */
export function openAccount(name: string, entry: AccountEntry): OpenAccount {
  const config = loadConfig(
    { accounts: { [name]: { ...entry, ...anyRate } } },
    { environment: {}, readFile: () => "" },
    providers,
  );
  const accounts = openAccounts(config.accounts, {
    secrets: collectSecrets(config),
    metrics: noMetrics,
    log: noLog,
    now: () => testStartAt,
    random: () => 0,
  });
  const account = accounts.get(name);
  if (!account) throw new Error(`${name} was not opened`);
  return account;
}

/** Cuts tasks into the calls that a read may make for them. */
export function batchesOf(tasks: readonly HeldTask[], provider: Provider, read: ProviderRead): Batch[] {
  const batches: Batch[] = [];
  const open = new Map<string, Map<string, HeldTask>>();
  for (const task of tasks) {
    const { scope, localId } = parsedId(provider, task.upstreamId);
    const known = open.get(scope);
    const batch = known && known.size < read.maxIdsPerCall ? known : new Map<string, HeldTask>();
    if (batch !== known) batches.push({ read, scope, tasks: batch });
    open.set(scope, batch);
    batch.set(localId, task);
  }
  return batches;
}

export function parsedId(provider: Provider, upstreamId: string): ParsedUpstreamId {
  const parsed = provider.parseUpstreamId(upstreamId);
  if (parsed) return parsed;
  throw new Error(
    `parseUpstreamId of ${provider.id} refuses ${upstreamId}, which is an id of its emulated upstream. One of them is wrong.`,
  );
}

/** Asks as batching does. Whatever happens must be a value, so a rejection fails the test. */
export function ask(
  account: OpenAccount,
  { read, scope, tasks }: Pick<Batch, "read" | "scope"> & { readonly tasks: Iterable<readonly [string, unknown]> },
  options: { readonly facets?: Iterable<string>; readonly signal?: AbortSignal } = {},
): Promise<CallAnswer> {
  const { facets = [], signal = new AbortController().signal } = options;
  const localIds = [...tasks].map(([localId]) => localId);
  return account.client.fetchTasks(taskCall(localIds, { read: read.name, scope, facets: new Set(facets) }, { signal }));
}

/** The answer for each id, a failed call being that of all. Fails when an id has none, or one that nobody asked for has. */
export function answersOf(answer: CallAnswer, localIds: Iterable<string>): ReadonlyMap<string, IdAnswer> {
  const asked = [...localIds];
  if (answer.kind === "failed") return new Map(asked.map((id) => [id, { problem: answer.problem }]));
  expect([...answer.answers.keys()].sort(), "fetchTasks answers exactly the ids that it was asked for").toEqual(
    asked.toSorted(),
  );
  return answer.answers;
}

export function problemsIn(answers: ReadonlyMap<string, IdAnswer>): Problem[] {
  return [...answers.values()].flatMap((answer) => ("problem" in answer ? [answer.problem] : []));
}

/** Well-formed ids of a task's scope that the upstream does not hold, in an order that stays the same. */
export function unknownIds(tasks: readonly HeldTask[], provider: Provider, task: HeldTask): ParsedUpstreamId[] {
  const held = new Set(tasks.map(({ upstreamId }) => upstreamId));
  const { scope } = parsedId(provider, task.upstreamId);
  const places = [...task.upstreamId].map((_, index) => task.upstreamId.length - 1 - index);
  return places
    .flatMap((place) => ["9", "8", "7"].map((digit) => replaceAt(task.upstreamId, place, digit)))
    .map((text) => provider.parseUpstreamId(text))
    .filter((id) => id !== null && id.scope === scope && !held.has(id.upstreamId)) as ParsedUpstreamId[];
}

function replaceAt(text: string, place: number, character: string): string {
  return text.slice(0, place) + character + text.slice(place + 1);
}

/** Every secret of an account's parsed options, in clear text. */
export function secretTexts(options: unknown): string[] {
  if (options instanceof Secret) return [options.reveal()];
  if (typeof options !== "object" || options === null) return [];
  return Object.values(options).flatMap(secretTexts);
}

/** The entry again, each text changed as told, at any depth. */
export function mapTexts(entry: AccountEntry, change: (text: string) => string): AccountEntry {
  return JSON.parse(JSON.stringify(entry), (_key, value: unknown) =>
    typeof value === "string" ? change(value) : value,
  );
}
