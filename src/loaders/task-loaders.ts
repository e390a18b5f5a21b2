import DataLoader from "dataloader";
import type { Batching, TaskKey } from "../batching/batching.ts";
import { freshForMs } from "../cache/freshness.ts";
import { type PollRange, pollAfter } from "../cache/poll-hint.ts";
import type { ObservationSource, Outcome } from "../tasks/outcome.ts";
import type { Problem } from "../tasks/problem.ts";
import type { EpochMs, TaskState } from "../tasks/task.ts";

export type { TaskKey } from "../batching/batching.ts";

/** A task as this request sees it. */
export interface TaskReading {
  readonly kind: "reading";
  readonly state: TaskState;
  readonly observedAt: EpochMs;
  readonly source: ObservationSource;
  /** Costlier parts that were wanted and could not be had, by facet. */
  readonly missing: ReadonlyMap<string, Problem>;
  /** Until then asking again would hardly bring news. */
  readonly freshUntilAt: EpochMs;
  /** Null when terminal. */
  readonly pollAfterAt: EpochMs | null;
}

export type LoadedTask = TaskReading | { readonly kind: "problem"; readonly problem: Problem };

/** The loaders of one request. Equal keys meet in them and get one answer for the whole operation. */
export interface TaskLoaders {
  /** One entry per key, in key order. Rejects never: a problem is a value. */
  loadTasks(keys: readonly TaskKey[]): Promise<LoadedTask[]>;
}

export interface TaskLoaderOptions {
  readonly batching: Pick<Batching, "fetchTasks">;
  /** Ends with the request's client or its deadline. */
  readonly signal: AbortSignal;
  readonly deadlineAt: EpochMs;
  /** By provider. */
  readonly pollRanges: ReadonlyMap<string, PollRange>;
  now(): EpochMs;
  random(): number;
}

type ProviderLoader = DataLoader<TaskKey, LoadedTask, string>;

/** Never share the result between requests: DataLoader's cache would answer one caller with another's moment. */
export function createTaskLoaders(options: TaskLoaderOptions): TaskLoaders {
  const loaders = new Map<string, ProviderLoader>();

  function loaderOf(provider: string): ProviderLoader {
    const loader = loaders.get(provider) ?? createProviderLoader(provider, options);
    loaders.set(provider, loader);
    return loader;
  }

  return {
    loadTasks: (keys) => Promise.all(keys.map((key) => loaderOf(key.reference.provider).load(key))),
  };
}

function createProviderLoader(provider: string, options: TaskLoaderOptions): ProviderLoader {
  const range = options.pollRanges.get(provider);
  if (!range) throw new Error(`No poll range for provider "${provider}"`);
  return new DataLoader<TaskKey, LoadedTask, string>(
    async (keys) => {
      const { signal, deadlineAt } = options;
      const outcomes = await options.batching.fetchTasks(keys, { signal, deadlineAt });
      const now = options.now();
      return outcomes.map((outcome) => readOutcome(outcome, range, now, options.random));
    },
    { cacheKeyFn: keyText },
  );
}

/** The poll hint is drawn once, so that every mention of a task in the operation says the same. */
function readOutcome(outcome: Outcome, range: PollRange, now: EpochMs, random: () => number): LoadedTask {
  if (outcome.kind === "problem") return outcome;
  const { state, observedAt, source, missing } = outcome;
  return {
    kind: "reading",
    state,
    observedAt,
    source,
    missing,
    freshUntilAt: observedAt + freshForMs(state, range),
    pollAfterAt: pollAfter(state, range, now, random),
  };
}

/** One id with and without a costlier part are two questions; batching lets one call answer both. */
function keyText({ reference, facets }: TaskKey): string {
  return facets.size === 0 ? reference.id : `${reference.id} ${[...facets].sort().join()}`;
}
