import {
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import type { LoadedTask } from "../../src/loaders/task-loaders.ts";
import type { Provider } from "../../src/providers/provider.ts";
import { createProblem } from "../../src/tasks/problem.ts";
import type { TaskState } from "../../src/tasks/task.ts";
import type { TaskKey } from "../../src/tasks/task-key.ts";
import type { Dice } from "./dice.ts";

/** Tasks as they should never be, too: nulls, errors and values of other types, some where the schema has no room for them. */
export function randomTask(schema: GraphQLSchema, provider: Provider, dice: Dice, disorder: number): LoadedTask {
  if (dice.happens(0.15)) {
    const retryAfterAt = dice.happens(0.5) ? 1_800_000_000_000 : null;
    return {
      kind: "problem",
      problem: createProblem(dice.pick(["NOT_FOUND", "TIMEOUT"]), "As it is.", { retryAfterAt }),
    };
  }
  const type = schema.getType(provider.typename) as GraphQLObjectType;
  const state = randomObject(type, dice, disorder, Object.keys(provider.pagedLists));
  const isMissing = dice.happens(disorder * 4);
  const problem = createProblem("UPSTREAM_UNAVAILABLE", "Not to be had.");
  return {
    kind: "reading",
    state: state as unknown as TaskState,
    observedAt: 1_790_000_000_000,
    source: dice.pick(["UPSTREAM", "SHARED_IN_FLIGHT", "CACHE", "STALE_CACHE"]),
    problem: dice.happens(disorder) ? problem : null,
    missing: new Map(isMissing ? Object.keys(provider.facets).map((facet) => [facet, problem]) : []),
    freshUntilAt: 1_790_000_005_000,
    pollAfterAt: dice.happens(0.5) ? 1_790_000_010_000 : null,
  };
}

/** One task for each key, the same whenever the key is asked again. */
export function createTaskWorld(
  schema: GraphQLSchema,
  providers: ReadonlyMap<string, Provider>,
  dice: Dice,
  disorder: number,
): (key: TaskKey) => LoadedTask {
  const tasks = new Map<string, LoadedTask>();
  const byName = new Map([...providers.values()].map((provider) => [provider.provider, provider]));
  return ({ reference }) => {
    const provider = byName.get(reference.provider);
    if (!provider) throw new Error(`No provider ${reference.provider}`);
    const task = tasks.get(reference.id) ?? randomTask(schema, provider, dice, disorder);
    tasks.set(reference.id, task);
    return task;
  };
}

function randomObject(
  type: GraphQLObjectType,
  dice: Dice,
  disorder: number,
  pagedLists: readonly string[] = [],
): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const field of Object.values(type.getFields())) {
    if (pagedLists.includes(field.name)) {
      object[field.name] = dice.happens(disorder) ? null : randomEntries(field.type, dice);
    } else if (type.name === "BatchTaskRawStatus" && field.name === "label") {
      object.labels = dice.happens(0.5) ? { en: "a label", "zh-CN": "标签" } : null;
    } else object[field.name] = randomValue(field.type, dice, disorder);
  }
  return object;
}

/** The whole list, of which the schema shows pages. */
function randomEntries(connection: GraphQLOutputType, dice: Dice): unknown[] {
  const type = (isNonNullType(connection) ? connection.ofType : connection) as GraphQLObjectType;
  const nodes = type.getFields().nodes?.type;
  return (nodes ? randomValue(nodes, dice, 0) : []) as unknown[];
}

function randomValue(type: GraphQLOutputType, dice: Dice, disorder: number): unknown {
  if (dice.happens(disorder)) {
    return dice.pick([
      () => new GraphQLError("An error as value.", { extensions: { code: "TIMEOUT", retryable: true } }),
      () => new Error("A defect as value."),
      () => Number.NaN,
      () => ({ another: "shape" }),
      () => undefined,
      () => "text",
      () => null,
    ])();
  }
  if (isNonNullType(type)) return soundValue(type.ofType, dice, disorder);
  return dice.happens(0.25) ? null : soundValue(type, dice, disorder);
}

function soundValue(type: GraphQLOutputType, dice: Dice, disorder: number): unknown {
  if (isListType(type)) return Array.from({ length: dice.below(4) }, () => randomValue(type.ofType, dice, disorder));
  if (isObjectType(type)) return randomObject(type, dice, disorder);
  if (isEnumType(type)) return dice.pick(type.getValues()).name;
  switch (String(type)) {
    case "Int":
      return dice.below(1000);
    case "Float":
      return dice.below(1000) / 10;
    case "Boolean":
      return dice.happens(0.5);
    case "DateTime":
      return 1_790_000_000_000 + dice.below(1_000_000);
    case "URL":
      return "https://console.example/task?a=%20b";
    default:
      return dice.pick(["", "text", "__proto__", '"quoted" \u2028 text', "17"]);
  }
}
