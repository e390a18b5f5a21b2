import type { Outcome } from "../tasks/outcome.ts";
import type { EpochMs } from "../tasks/task.ts";
import type { AskLimits, TaskKey } from "../tasks/task-key.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { AnswerMemory } from "./answer-memory.ts";
import { countLookups } from "./count-lookups.ts";
import { createKnowledge } from "./knowledge.ts";
import type { PollRange } from "./poll-hint.ts";
import type { LoadedTask } from "./reading.ts";
import type { Consultation, SharedAnswers } from "./shared-answers.ts";

/** Tasks from what is known, as long as that is good, and from the upstreams otherwise. One for the process. */
export interface CachedTasks {
  /** One entry per key, in key order: what is known and good enough; undefined where somebody has to be asked. */
  recallTasks(keys: readonly TaskKey[]): (LoadedTask | undefined)[];
  /** One entry per key, in key order. Rejects never: a problem is a value. */
  fetchTasks(keys: readonly TaskKey[], limits: AskLimits): Promise<LoadedTask[]>;
}

/** A configured account, as far as keeping its answers goes. */
export interface CachedAccount {
  /** Label of the metrics. */
  readonly provider: string;
  readonly pollRange: PollRange;
  /** No call of it can leave now. Whoever asks is told so at once, whatever other replicas are asking. */
  isClosed(): boolean;
}

export interface CachedTasksOptions {
  /** By name. */
  readonly accounts: ReadonlyMap<string, CachedAccount>;
  readonly memory: AnswerMemory;
  /** Null for a process that shares with nobody. */
  readonly shared: SharedAnswers | null;
  /** One outcome per key, in key order. Rejects never. */
  askUpstreams(keys: readonly TaskKey[], limits: AskLimits): Promise<Outcome[]>;
  readonly metrics: Pick<Metrics, "lookups">;
  now(): EpochMs;
  random(): number;
}

export function createCachedTasks(options: CachedTasksOptions): CachedTasks {
  const { memory, shared, metrics, now, random } = options;
  const knowledge = createKnowledge({ memory, shared, pollRangeOf: (key) => accountOf(key).pollRange, random });
  /** How many operations are asking, by question. */
  const asking = new Map<string, number>();

  function accountOf({ reference: { account } }: TaskKey): CachedAccount {
    const known = options.accounts.get(account);
    if (!known) throw new Error(`No account "${account}": ids are checked before they become keys`);
    return known;
  }

  function recallAll(keys: readonly TaskKey[]): (LoadedTask | undefined)[] {
    const at = now();
    return keys.map((key) => knowledge.recall(key, at));
  }

  /** Fills in what is not known here: what other replicas tell, and what the upstreams do. */
  async function fetchRest(inquiry: Inquiry): Promise<void> {
    const places = unanswered(inquiry);
    if (!shared?.isAvailable()) return ask(inquiry, places);
    // Each account by itself: what others are asking one of them may take long, and is no reason to keep another waiting.
    const byAccount = Map.groupBy(places, (place) => inquiry.keys[place]?.reference.account);
    await Promise.all([...byAccount.values()].map((ofOne) => consultAndAsk(inquiry, ofOne, shared)));
  }

  async function consultAndAsk(inquiry: Inquiry, places: readonly number[], others: SharedAnswers): Promise<void> {
    const { keys, limits } = inquiry;
    const { told, awaited } = await others.consult(pick(keys, places), limits);
    hear(inquiry, places, told);
    if (!awaited) return ask(inquiry, places);
    const isTheirs = (_place: unknown, index: number): boolean => awaited.indexes.has(index);
    const theirs = places.filter(isTheirs);
    if (isClosed(pick(keys, theirs))) {
      // What nobody waits for here may become ours to ask all the same: it is not kept from the others.
      void awaited.told.then(() => releaseUnasked(pick(keys, theirs), others));
      return ask(inquiry, places);
    }
    // Others wait for what is ours to ask: it is not kept back until theirs has come.
    const ours = places.filter((place, index) => !isTheirs(place, index));
    const toldLater = awaited.told.then((toldOfAll) => toldOfAll.filter(isTheirs));
    await Promise.all([ask(inquiry, ours), askUnlessTold(inquiry, theirs, toldLater)]);
  }

  async function askUnlessTold(
    inquiry: Inquiry,
    places: readonly number[],
    told: Promise<Consultation["told"]>,
  ): Promise<void> {
    hear(inquiry, places, await told);
    await ask(inquiry, places);
  }

  /** Whether no call for these, which are of one account, can leave now. */
  const isClosed = ([key]: readonly TaskKey[]): boolean => key !== undefined && accountOf(key).isClosed();

  /** Fills in what is good of what other replicas have told. */
  function hear({ keys, loaded }: Inquiry, places: readonly number[], told: Consultation["told"]): void {
    const at = now();
    places.forEach((place, index) => {
      const [key, known] = [keys[place], told[index]];
      if (!key) return;
      if (known) knowledge.hear(key, known);
      // Also where nothing was told: this process may have been answered in the meantime.
      loaded[place] = knowledge.recall(key, at);
    });
  }

  /** Fills in what the upstreams tell of those that nothing is loaded for yet. */
  async function ask({ keys, loaded, limits }: Inquiry, places: readonly number[]): Promise<void> {
    const asked = places.filter((place) => loaded[place] === undefined);
    if (asked.length === 0) return;
    const askedKeys = pick(keys, asked);
    if (shared) countAsking(askedKeys, 1);
    const outcomes = await options.askUpstreams(askedKeys, limits);
    const at = now();
    asked.forEach((place, index) => {
      const [key, outcome] = [askedKeys[index], outcomes[index]];
      if (key && outcome) loaded[place] = knowledge.take(key, outcome, at);
    });
    if (!shared) return;
    countAsking(askedKeys, -1);
    // Who had nothing new to tell has not told it.
    releaseUnasked(askedKeys, shared);
  }

  function countAsking(keys: readonly TaskKey[], more: number): void {
    for (const question of keys.map(questionOf)) {
      const count = (asking.get(question) ?? 0) + more;
      if (count > 0) asking.set(question, count);
      else asking.delete(question);
    }
  }

  /** Others go on waiting for what another operation here is still asking: its client has not left. */
  function releaseUnasked(keys: readonly TaskKey[], others: SharedAnswers): void {
    others.release(keys.filter((key) => !asking.has(questionOf(key))));
  }

  const count = (keys: readonly TaskKey[], loaded: Loaded): void =>
    countLookups(keys, loaded, (key) => accountOf(key).provider, metrics);

  return {
    recallTasks(keys) {
      const recalled = recallAll(keys);
      count(keys, recalled);
      return recalled;
    },
    async fetchTasks(keys, limits) {
      const loaded = recallAll(keys);
      if (loaded.includes(undefined)) await fetchRest({ keys, limits, loaded });
      count(keys, loaded);
      // Every key has its outcome by now.
      return loaded as LoadedTask[];
    },
  };
}

/** The keys of one operation, and what has come of them so far, in key order. */
interface Inquiry {
  readonly keys: readonly TaskKey[];
  readonly limits: AskLimits;
  readonly loaded: (LoadedTask | undefined)[];
}

const questionOf = ({ reference: { id }, facets }: TaskKey): string => [id, ...[...facets].sort()].join(" ");

type Loaded = readonly (LoadedTask | undefined)[];

const unanswered = ({ loaded }: Inquiry): number[] => [...loaded.keys()].filter((place) => loaded[place] === undefined);

function pick(keys: readonly TaskKey[], places: readonly number[]): TaskKey[] {
  return places.map((place) => keys[place]).filter((key) => key !== undefined);
}
