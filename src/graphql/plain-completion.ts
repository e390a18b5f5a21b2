import { collectFields, collectSubFields } from "@graphql-tools/utils";
import {
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import type { ReadyOperation } from "./root-answers.ts";
import { fragmentsOf } from "./root-answers.ts";

type Complete = (value: unknown) => unknown;

/** Something that is not simply right: graphql-js has to look at it. */
const notPlain = new Error("Left to graphql-js");

/**
 * The response's data, from what the fields of `Query` came to, by response key. A plan is made of each selection when
 * the first value for it comes, and then runs over all of them, without a promise or a path for each field.
 *
 * @throws for whatever is not simply right: an error, a null where there must be none, a value of another type, a promise
 */
export function completePlainly(
  schema: GraphQLSchema,
  { document, operation, variableValues, context }: ReadyOperation,
  rootValues: ReadonlyMap<string, unknown>,
): Record<string, unknown> {
  const fragments = fragmentsOf(document);
  const variables = { coerced: variableValues, sources: {} };
  const rootType = schema.getQueryType();
  if (!rootType) throw notPlain;
  const data: Record<string, unknown> = {};
  for (const [key, nodes] of collectFields(schema, fragments, variables, rootType, operation.selectionSet).fields) {
    const field = rootType.getFields()[nodes[0]?.name.value ?? ""];
    if (key === "__proto__") throw notPlain;
    data[key] = field ? completeOf(field.type, nodes)(rootValues.get(key)) : rootType.name;
  }
  return data;

  function completeOf(type: GraphQLOutputType, nodes: FieldNode[]): Complete {
    if (isNonNullType(type)) {
      const complete = completeOf(type.ofType, nodes);
      return (value) => complete(value) ?? refuse();
    }
    const complete = completeValueOf(type, nodes);
    return (value) => (value === null || value === undefined ? null : complete(value));
  }

  function completeValueOf(type: GraphQLOutputType, nodes: FieldNode[]): Complete {
    if (isLeafType(type)) return (value) => (value instanceof Error ? refuse() : (type.serialize(value) ?? refuse()));
    if (isListType(type)) {
      const complete = completeOf(type.ofType, nodes);
      return (value) => (Array.isArray(value) ? value.map(complete) : refuse());
    }
    if (isObjectType(type)) return completeObjectOf(type, nodes);
    if (!isAbstractType(type)) return refuse;
    const byTypename = new Map<unknown, Complete>();
    return (value) => {
      const typename = (value as { readonly __typename?: unknown }).__typename;
      const complete = byTypename.get(typename) ?? completeObjectOf(possibleType(type, typename), nodes);
      byTypename.set(typename, complete);
      return complete(value);
    };
  }

  function possibleType(type: Parameters<typeof schema.getPossibleTypes>[0], typename: unknown): GraphQLObjectType {
    return schema.getPossibleTypes(type).find(({ name }) => name === typename) ?? refuse();
  }

  function completeObjectOf(type: GraphQLObjectType, nodes: FieldNode[]): Complete {
    let plan: FieldPlan[] | undefined;
    return (source) => {
      if (typeof source !== "object" || source instanceof Error || "then" in (source as object)) throw notPlain;
      plan ??= planOf(type, nodes);
      const object: Record<string, unknown> = {};
      for (const { key, read, complete } of plan) object[key] = complete(read(source as never));
      return object;
    };
  }

  function planOf(type: GraphQLObjectType, nodes: FieldNode[]): FieldPlan[] {
    if (type.isTypeOf) throw notPlain;
    const { fields } = collectSubFields(schema, fragments, variables, type, nodes);
    return [...fields].map(([key, fieldNodes]) => {
      const [node] = fieldNodes;
      if (!node || key === "__proto__") throw notPlain;
      if (node.name.value === "__typename") return { key, read: () => type.name, complete: (name) => name };
      const field = type.getFields()[node.name.value] ?? refuse();
      return { key, read: readerOf(field, node), complete: completeOf(field.type, fieldNodes) };
    });
  }

  function readerOf({ name, resolve, ...field }: GraphQLField<unknown, unknown>, node: FieldNode): FieldPlan["read"] {
    if (!resolve) return (source) => (typeof source[name] === "function" ? refuse() : source[name]);
    const args = getArgumentValues({ name, resolve, ...field }, node, variableValues);
    return (source) => resolve(source, args, context, noInfo);
  }
}

interface FieldPlan {
  readonly key: string;
  read(source: Readonly<Record<string, unknown>>): unknown;
  complete: Complete;
}

/** Resolvers below `Query` do not read it; one that does fails, and graphql-js gives it what it wants. */
const noInfo = new Proxy({}, { get: refuse }) as GraphQLResolveInfo;

function refuse(): never {
  throw notPlain;
}
