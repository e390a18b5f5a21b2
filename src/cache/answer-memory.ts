import { LRUCache } from "lru-cache";
import type { KnownTask } from "./known-task.ts";
import { sizeOf } from "./size-of.ts";

/** What this process knows of tasks, by canonical id. Whoever was not asked for longest is forgotten first. */
export interface AnswerMemory {
  get(id: string): KnownTask | undefined;
  set(id: string, known: KnownTask): void;
  /** Tasks, and about how many bytes they take. */
  size(): { readonly knownTasks: number; readonly knownBytes: number };
}

export interface AnswerMemoryLimits {
  /** 0 keeps nothing: every question is asked. */
  readonly maxEntries: number;
  readonly maxBytes: number;
}

export function createAnswerMemory({ maxEntries, maxBytes }: AnswerMemoryLimits): AnswerMemory {
  if (maxEntries === 0) return forgetful;
  const known = new LRUCache<string, KnownTask>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: (task, id) => id.length + sizeOf(task),
  });
  return {
    get: (id) => known.get(id),
    set: (id, task) => void known.set(id, task),
    size: () => ({ knownTasks: known.size, knownBytes: known.calculatedSize }),
  };
}

const forgetful: AnswerMemory = {
  get: () => undefined,
  set: () => undefined,
  size: () => ({ knownTasks: 0, knownBytes: 0 }),
};
