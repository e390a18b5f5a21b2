import { collectFields, collectSubFields } from "@graphql-tools/utils";
import {
  type FieldNode,
  GraphQLBoolean,
  type GraphQLField,
  GraphQLID,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLScalarType,
  type GraphQLSchema,
  GraphQLString,
  getArgumentValues,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import type { PlannedOperation } from "./kept-plans.ts";
import { fragmentsOf } from "./root-answers.ts";

type Complete = (value: unknown) => unknown;

/** Something that is not simply right: graphql-js has to look at it. */
const notPlain = new Error("Left to graphql-js");

/** Makes the response's data of what the fields of `Query` came to, by response key. */
export type CompleteData = (rootValues: ReadonlyMap<string, unknown>) => Record<string, unknown>;

/**
 * Plans how an operation's data is made. A plan of each selection is made when the first value for it comes, and then runs
 * over all of them, without a promise or a path for each field.
 *
 * @throws like the completion itself, for whatever is not simply right: an error, a null where there must be none, a value
 * of another type, a promise
 */
export function planCompletion(
  schema: GraphQLSchema,
  { document, operation, variableValues }: PlannedOperation,
): CompleteData {
  const fragments = fragmentsOf(document);
  const variables = { coerced: variableValues, sources: {} };
  const rootType = schema.getQueryType() ?? refuse();
  const rootFields = [...collectFields(schema, fragments, variables, rootType, operation.selectionSet).fields].map(
    ([key, nodes]) => {
      if (key === "__proto__") throw notPlain;
      const field = rootType.getFields()[nodes[0]?.name.value ?? ""];
      return { key, complete: field ? completeOf(field.type, nodes) : () => rootType.name };
    },
  );
  return (rootValues) => {
    const data: Record<string, unknown> = {};
    for (const { key, complete } of rootFields) data[key] = complete(rootValues.get(key));
    return data;
  };

  function completeOf(type: GraphQLOutputType, nodes: FieldNode[]): Complete {
    if (isNonNullType(type)) {
      if (isOwnScalar(type.ofType)) return completeOwnScalar(type.ofType);
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
      if (typeof source !== "object" || source instanceof Error || isPromise(source)) throw notPlain;
      plan ??= planOf(type, nodes);
      const object: Record<string, unknown> = {};
      for (const { key, name, read, complete } of plan) {
        const value = read ? read(source as never) : (source as Readonly<Record<string, unknown>>)[name];
        if (typeof value === "function") throw notPlain;
        object[key] = complete(value);
      }
      return object;
    };
  }

  function planOf(type: GraphQLObjectType, nodes: FieldNode[]): FieldPlan[] {
    if (type.isTypeOf) throw notPlain;
    const { fields } = collectSubFields(schema, fragments, variables, type, nodes);
    return [...fields].map(([key, fieldNodes]) => {
      const [node] = fieldNodes;
      if (!node || key === "__proto__") throw notPlain;
      if (node.name.value === "__typename") return { key, name: "", read: () => type.name, complete: (name) => name };
      const field = type.getFields()[node.name.value] ?? refuse();
      return { key, name: field.name, read: readerOf(field, node), complete: completeOf(field.type, fieldNodes) };
    });
  }

  function readerOf({ name, resolve, ...field }: GraphQLField<unknown, unknown>, node: FieldNode): FieldPlan["read"] {
    if (!resolve) return null;
    const args = getArgumentValues({ name, resolve, ...field }, node, variableValues);
    return (source) => resolve(source, args, nothing, nothing);
  }
}

interface FieldPlan {
  readonly key: string;
  /** The property to read where there is no resolver. */
  readonly name: string;
  readonly read: ((source: Readonly<Record<string, unknown>>) => unknown) | null;
  complete: Complete;
}

/** What graphql-js' own scalars make of a value of their own kind is the value itself. */
const ownKinds: ReadonlyMap<GraphQLOutputType, string> = new Map<GraphQLOutputType, string>([
  [GraphQLString, "string"],
  [GraphQLID, "string"],
  [GraphQLBoolean, "boolean"],
]);

const isOwnScalar = (type: GraphQLOutputType): type is GraphQLScalarType => ownKinds.has(type);

function completeOwnScalar(type: GraphQLScalarType): Complete {
  const kind = ownKinds.get(type);
  return (value) => {
    if (typeof value === kind) return value;
    return value instanceof Error ? refuse() : (type.serialize(value) ?? refuse());
  };
}

const isPromise = (value: object | null): boolean => typeof (value as { then?: unknown } | null)?.then === "function";

/** Resolvers below `Query` read neither context nor `info`; one that does fails, and graphql-js gives it what it wants. */
const nothing = new Proxy({}, { get: refuse }) as GraphQLResolveInfo;

function refuse(): never {
  throw notPlain;
}
