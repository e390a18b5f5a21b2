import DataLoader from "dataloader";
import type { CachedTasks } from "../cache/cached-tasks.ts";
import type { LoadedTask } from "../cache/reading.ts";
import type { AskLimits, TaskKey } from "../tasks/task-key.ts";

export type { LoadedTask, TaskReading } from "../cache/reading.ts";

/** The loaders of one request. Equal keys meet in them and get one answer for the whole operation. */
export interface TaskLoaders {
  /** One entry per key, in key order. Rejects never: a problem is a value. */
  loadTasks(keys: readonly TaskKey[]): Promise<LoadedTask[]>;
}

/** `signal` ends with the request's client or its deadline. */
export interface TaskLoaderOptions extends AskLimits {
  readonly tasks: CachedTasks;
}

type ProviderLoader = DataLoader<TaskKey, LoadedTask, string>;

type Answer = LoadedTask | Promise<LoadedTask>;

const isLoaded = (answer: Answer): answer is LoadedTask => !(answer instanceof Promise);

/** Never share the result between requests: what is kept in it would answer one caller with another's moment. */
export function createTaskLoaders({ tasks, ...limits }: TaskLoaderOptions): TaskLoaders {
  const loaders = new Map<string, ProviderLoader>();
  /** By key: what was known when it was first wanted. Whoever wants it again in this operation gets the same. */
  const recalled = new Map<string, LoadedTask>();
  /** By key: what had to be asked for. */
  const asked = new Map<string, Promise<LoadedTask>>();

  function loaderOf(provider: string): ProviderLoader {
    const loader = loaders.get(provider) ?? createProviderLoader();
    loaders.set(provider, loader);
    return loader;
  }

  function createProviderLoader(): ProviderLoader {
    return new DataLoader<TaskKey, LoadedTask, string>((keys) => tasks.fetchTasks(keys, limits), {
      cacheKeyFn: keyText,
      cacheMap: asked,
    });
  }

  function answerTo(key: TaskKey, known: LoadedTask | undefined): Answer {
    const text = keyText(key);
    const before = recalled.get(text);
    if (before) return before;
    if (!known || asked.has(text)) return loaderOf(key.reference.provider).load(key);
    recalled.set(text, known);
    return known;
  }

  return {
    async loadTasks(keys) {
      // A promise for each key is worth it for those that somebody has to be asked for.
      const known = tasks.recallTasks(keys);
      const answers = keys.map((key, place) => answerTo(key, known[place]));
      return answers.every(isLoaded) ? answers : Promise.all(answers);
    },
  };
}

/** One id with and without a costlier part are two questions; batching lets one call answer both. */
function keyText({ reference, facets }: TaskKey): string {
  return facets.size === 0 ? reference.id : `${reference.id} ${[...facets].sort().join()}`;
}
