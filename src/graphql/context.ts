import type { TaskLoaders } from "../loaders/task-loaders.ts";
import type { IdBudget } from "./id-budget.ts";
import type { ResponseFreshness } from "./response-freshness.ts";

/** What belongs to one request. */
export interface Context {
  readonly loaders: TaskLoaders;
  readonly budget: IdBudget;
  readonly freshness: ResponseFreshness;
}
