import type { TaskLoaders } from "../loaders/task-loaders.ts";

/** What belongs to one request. */
export interface Context {
  readonly loaders: TaskLoaders;
}
