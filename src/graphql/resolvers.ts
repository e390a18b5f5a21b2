import { GraphQLDateTime, GraphQLURL } from "graphql-scalars";
import type { EpochMs } from "../tasks/task.ts";
import type { AccountDirectory } from "../tasks/task-id.ts";
import type { Context } from "./context.ts";
import { createEntitiesResolver } from "./entities.ts";
import { problemError } from "./errors.ts";
import type { BatchTaskAccountHealth, Resolvers } from "./generated/resolvers.ts";
import { createLookupTasks, type LookupTasks } from "./lookup-tasks.ts";
import { type PartsOf, readParts, selectField } from "./selection.ts";
import { summarize } from "./summary.ts";
import type { TaskTypes } from "./task-type.ts";

/** A configured account as the graph shows it. */
export interface AccountView {
  readonly name: string;
  readonly provider: string;
  readonly maxIdsPerCall: number;
  readonly minPollSeconds: number;
  health(): BatchTaskAccountHealth;
}

export interface ResolverOptions {
  readonly accounts: AccountDirectory;
  readonly accountViews: readonly AccountView[];
  readonly taskTypes: TaskTypes;
  readonly maxIdsPerRequest: number;
  now(): EpochMs;
}

/** All resolvers but those of the tasks' fields; every other field is a property of its model. */
export function createResolvers(options: ResolverOptions) {
  const lookupTasks = createLookupTasks(options);
  const { Query, ...types } = createTypedResolvers(options, lookupTasks);
  return {
    ...types,
    Query: { ...Query, _entities: createEntitiesResolver(lookupTasks, options.taskTypes) },
  };
}

function createTypedResolvers({ accountViews, taskTypes, now }: ResolverOptions, lookupTasks: LookupTasks) {
  const retryAfterMs = 1000 * Math.min(...accountViews.map(({ minPollSeconds }) => minPollSeconds));
  return {
    DateTime: GraphQLDateTime,
    URL: GraphQLURL,
    Query: {
      async batchTask(_root, { id }, context, info) {
        const parts = readParts(info, info.fieldNodes, taskTypes);
        const [lookup] = await lookupTasks([id], context, parts);
        const { task = null, problem = null } = lookup ?? {};
        // The last known state is better than an error, and says itself that it is old.
        if (!task && problem && problem.code !== "NOT_FOUND") throw problemError(problem);
        return task;
      },
      async batchTasks(_root, { ids }, context, info) {
        return { lookups: await lookupTasks(ids, context, readSetParts(info, taskTypes)), now: now() };
      },
      batchTaskAccounts(_root, _args, { freshness }) {
        freshness.forbid();
        return accountViews;
      },
    },
    BatchTaskSet: {
      summary: (set) => summarize(set.lookups, set.now + retryAfterMs),
    },
    BatchTaskAccount: {
      health: (account) => account.health(),
    },
    BatchTaskRawStatus: {
      label({ labels, value }, { locale }) {
        if (!labels) return value;
        return locale?.toLowerCase().startsWith("zh") ? labels["zh-CN"] : labels.en;
      },
    },
  } satisfies Resolvers<Context>;
}

/** A set's tasks are needed in full for its summary, and also to tell whether an id has a problem. */
function readSetParts(info: Parameters<typeof readParts>[0], taskTypes: TaskTypes): PartsOf {
  const lookups = selectField(info, info.fieldNodes, "BatchTaskSet", "lookups");
  const tasks = selectField(info, lookups, "BatchTaskLookup", "task");
  const asksForOutcome =
    selectField(info, info.fieldNodes, "BatchTaskSet", "summary").length > 0 ||
    selectField(info, lookups, "BatchTaskLookup", "problem").length > 0;
  const partsOf = readParts(info, tasks, taskTypes);
  return asksForOutcome ? (typename) => ({ ...partsOf(typename), needsState: true }) : partsOf;
}
