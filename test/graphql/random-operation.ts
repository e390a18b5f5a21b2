import {
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from "graphql";
import type { Dice } from "./dice.ts";

export interface RandomOperation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const variableTypes: Readonly<Record<string, string>> = {
  id: "ID!",
  ids: "[ID!]!",
  representations: "[_Any!]!",
  locale: 'String = "zh-CN"',
  first: "Int",
  after: "String",
  yes: "Boolean!",
  no: "Boolean!",
  maybe: "Boolean = true",
};

/**
 * An operation that may or may not be valid: aliases, fields asked twice, fragments (named and inline, on concrete types
 * and interfaces), conditions, arguments as literals and variables.
 */
export function randomOperation(
  schema: GraphQLSchema,
  ids: readonly string[],
  dice: Dice,
  maxRootFields: number,
): RandomOperation {
  const used = new Set<string>();
  const fragments = new Map<string, string>();

  const variable = (name: string): string => {
    used.add(name);
    return `$${name}`;
  };

  function argument({ name }: GraphQLArgument): string {
    if (name === "representations") return `(${name}: ${variable(name)})`;
    if (name === "id") return `(id: ${dice.happens(0.6) ? variable("id") : JSON.stringify(dice.pick(ids))})`;
    if (name === "ids") {
      return `(ids: ${dice.happens(0.6) ? variable("ids") : JSON.stringify([dice.pick(ids), dice.pick(ids)])})`;
    }
    if (name === "locale")
      return dice.pick(["", "(locale: null)", '(locale: "en")', `(locale: ${variable("locale")})`]);
    return dice.pick(["", "(first: 1)", "(first: -1)", `(first: ${variable("first")}, after: ${variable("after")})`]);
  }

  function condition(): string {
    if (dice.happens(0.85)) return "";
    const value = dice.pick([
      () => "true",
      () => "false",
      ...["yes", "no", "maybe"].map((name) => () => variable(name)),
    ]);
    return dice.happens(0.2)
      ? ` @include(if: ${value()}) @skip(if: ${value()})`
      : ` @${dice.pick(["skip", "include"])}(if: ${value()})`;
  }

  function field(type: GraphQLCompositeType, depth: number): string {
    if (isUnionType(type) || dice.happens(0.12)) return `${dice.happens(0.2) ? "kind: " : ""}__typename${condition()}`;
    const definition = dice.pick(Object.values(type.getFields()));
    const inner = getNamedType(definition.type);
    const alias = dice.happens(0.25) ? `${dice.pick(["a", "b", "_0_", "x_y_"])}${definition.name}: ` : "";
    const args = definition.args.length > 0 ? argument(definition.args[0] as GraphQLArgument) : "";
    const below = isCompositeType(inner) ? ` ${selectionSet(inner, depth + 1)}` : "";
    return `${alias}${definition.name}${args}${condition()}${below}`;
  }

  function conditionTypes(type: GraphQLCompositeType): string[] {
    const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : [];
    const interfaces = isObjectType(type) || isInterfaceType(type) ? type.getInterfaces() : [];
    const viaUnion = isUnionType(type) ? ["BatchTask"] : [];
    return [type.name, ...possible.map(({ name }) => name), ...interfaces.map(({ name }) => name), ...viaUnion];
  }

  function selection(type: GraphQLCompositeType, depth: number): string {
    if (depth > 6 || dice.happens(0.72)) return field(type, depth);
    const on = dice.pick(conditionTypes(type));
    const onType = schema.getType(on) as GraphQLCompositeType;
    if (dice.happens(0.5))
      return `...${dice.happens(0.2) ? "" : ` on ${on}`}${condition()} ${selectionSet(onType, depth + 1)}`;
    const known = [...fragments.keys()].filter((name) => name.startsWith(`F${on}_`));
    if (known.length > 0 && dice.happens(0.6)) return `...${dice.pick(known)}${condition()}`;
    const text = selectionSet(onType, depth + 1);
    const name = `F${on}_${fragments.size}`;
    fragments.set(name, `fragment ${name} on ${on} ${text}`);
    return `...${name}${condition()}`;
  }

  function selectionSet(type: GraphQLCompositeType, depth: number): string {
    const count = 1 + dice.below(depth > 5 ? 2 : 5);
    return `{ ${Array.from({ length: count }, () => selection(type, depth)).join(" ")} }`;
  }

  function rootField(): string {
    const task = schema.getType("BatchTask") as GraphQLCompositeType;
    const set = schema.getType("BatchTaskSet") as GraphQLCompositeType;
    const entity = schema.getType("_Entity") as GraphQLCompositeType;
    const alias = dice.happens(0.3) ? `${dice.pick(["a", "task_idx0_lookups_a", "_0_b"])}: ` : "";
    return dice.pick([
      () => `${alias}batchTask${argument({ name: "id" } as GraphQLArgument)}${condition()} ${selectionSet(task, 1)}`,
      () => `${alias}batchTasks${argument({ name: "ids" } as GraphQLArgument)}${condition()} ${selectionSet(set, 1)}`,
      () => `batchTasks(ids: ${variable("ids")}) { lookups { requestedId task ${selectionSet(task, 3)} } }`,
      () => `${alias}_entities(representations: ${variable("representations")}) ${selectionSet(entity, 1)}`,
      () => `_entities(representations: ${variable("representations")}) { ... on BatchTask ${selectionSet(task, 2)} }`,
      () => `batchTaskAccounts${condition()} { name provider health __typename }`,
      () => "__typename",
      () => "_service { sdl }",
    ])();
  }

  const body = Array.from({ length: 1 + dice.below(maxRootFields) }, rootField).join(" ");
  const declared = [...used].map((name) => `$${name}: ${variableTypes[name]}`).join(", ");
  const query = `query Random${declared && `(${declared})`} { ${body} } ${[...fragments.values()].join(" ")}`;
  return { query, variables: randomVariables(ids, dice) };
}

/** Mostly sound; some are missing, some of a type that cannot be coerced. */
export function randomVariables(ids: readonly string[], dice: Dice): Record<string, unknown> {
  const some = Array.from({ length: 1 + dice.below(6) }, () => dice.pick(ids));
  const representations = some.map((id) => ({ __typename: dice.happens(0.8) ? "BatchTask" : "DrsJob", id }));
  const variables: Record<string, unknown> = {
    id: dice.happens(0.05) ? 17 : dice.pick(ids),
    ids: dice.happens(0.05) ? dice.pick(ids) : some,
    representations: dice.happens(0.1) ? [...representations, { id: 1 }, "nothing"] : representations,
    yes: dice.happens(0.9),
    no: false,
    ...(dice.happens(0.5) && { locale: dice.pick(["en", "zh-CN", null]) }),
    ...(dice.happens(0.5) && { first: dice.pick([0, 1, 2, null, 5000]) }),
    ...(dice.happens(0.5) && { after: dice.pick([null, "cGxhY2U6MA", "nonsense"]) }),
    ...(dice.happens(0.3) && { maybe: dice.pick([true, false, null]) }),
  };
  if (dice.happens(0.04)) delete variables[dice.pick(["id", "ids", "yes"])];
  if (dice.happens(0.04)) variables[dice.pick(["id", "ids", "yes", "first"])] = { no: "such type" };
  return variables;
}
