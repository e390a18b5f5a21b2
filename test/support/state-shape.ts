import { buildSubgraphSchema } from "@apollo/subgraph";
import {
  concatAST,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
} from "graphql";
import { readSchemaFiles } from "../../src/graphql/schema.ts";
import type { Provider } from "../../src/providers/provider.ts";

/** The subgraph's types, without resolvers. */
export const schemaTypes: GraphQLSchema = buildSubgraphSchema([
  { typeDefs: concatAST(readSchemaFiles().map((source) => parse(source))) },
]);

/** Fields of a task that are made of its reference, or of the moment of showing it. */
const fieldsOfOthers: ReadonlySet<string> = new Set([
  "id",
  "provider",
  "account",
  "upstreamId",
  "observation",
  "pollAfter",
]);

export function typeOfTask({ id, typename }: Pick<Provider, "id" | "typename">): GraphQLObjectType {
  const type = schemaTypes.getType(typename);
  if (!isObjectType(type)) throw new Error(`schema/providers/${id}.graphql must define the type ${typename}.`);
  return type;
}

/**
 * Compares a task state with the GraphQL type that shows it: the same names, and values that the types can hold.
 *
 * @returns a sentence for each difference, beginning with its path; none when all is well
 */
export function stateFaults(state: object, provider: Provider): string[] {
  const type = typeOfTask(provider);
  const names = Object.keys(type.getFields()).filter((name) => !fieldsOfOthers.has(name));
  return objectFaults(state, type, type.name, { names, pagedLists: new Set(Object.keys(provider.pagedLists)) });
}

interface ShapeOptions {
  /** Properties that the object has to have. */
  readonly names: readonly string[];
  /** Fields that are connections in the schema, and whole lists in a state. */
  readonly pagedLists: ReadonlySet<string>;
}

function objectFaults(value: object, type: GraphQLObjectType, path: string, options: ShapeOptions): string[] {
  const present = Object.keys(value).filter((name) => name !== "__typename");
  const missing = options.names.filter((name) => !present.includes(name));
  const unknown = present.filter((name) => !options.names.includes(name));
  const fields = type.getFields();
  return [
    ...missing.map((name) => `${path}.${name} is missing: write null when the provider does not tell it.`),
    ...unknown.map((name) => `${path}.${name} is no field of ${type.name}: nobody can ever see it. Is it misspelt?`),
    ...options.names.flatMap((name) => {
      const field = fields[name];
      if (!field || missing.includes(name)) return [];
      const fieldType = options.pagedLists.has(name) ? listOfConnection(field.type) : field.type;
      return valueFaults((value as Readonly<Record<string, unknown>>)[name], fieldType, `${path}.${name}`);
    }),
  ];
}

/** The list of entries behind a connection: the type of its `nodes`. */
export function listOfConnection(type: GraphQLOutputType): GraphQLOutputType {
  const connection = getNamedType(type);
  const nodes = isObjectType(connection) ? connection.getFields().nodes : undefined;
  if (!nodes) throw new Error(`${connection} is no connection: it has no "nodes".`);
  return isNonNullType(nodes.type) ? nodes.type.ofType : nodes.type;
}

function valueFaults(value: unknown, type: GraphQLOutputType, path: string): string[] {
  if (isNonNullType(type)) {
    return value === null || value === undefined
      ? [`${path} is ${value}, and the schema says that it never is.`]
      : valueFaults(value, type.ofType, path);
  }
  if (value === null) return [];
  if (isListType(type)) {
    if (!Array.isArray(value)) return [`${path} must be a list.`];
    return value.flatMap((item, index) => valueFaults(item, type.ofType, `${path}[${index}]`));
  }
  if (isObjectType(type) || isInterfaceType(type)) return nestedFaults(value, type.name, path);
  const isFine = isEnumType(type) ? type.getValue(String(value)) != null : scalarTests[type.name]?.(value) === true;
  return isFine ? [] : [`${path} cannot be shown as ${type.name}: it is a ${typeof value}, ${shortened(value)}.`];
}

function nestedFaults(value: unknown, declared: string, path: string): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${path} must be an object.`];
  if (declared === "BatchTaskRawStatus") return rawStatusFaults(value, path);
  const typename = "__typename" in value ? String(value.__typename) : declared;
  const type = schemaTypes.getType(typename);
  if (!isObjectType(type)) return [`${path} needs a __typename: ${declared} is an interface.`];
  return objectFaults(value, type, path, { names: Object.keys(type.getFields()), pagedLists: new Set() });
}

/** Its label is chosen among several when it is shown. */
function rawStatusFaults(value: object, path: string): string[] {
  const { value: word, labels, inferred, ...others } = value as Readonly<Record<string, unknown>>;
  const isWordFine = typeof word === "string" && [...word].length <= 64 && !/\p{Cc}/u.test(word);
  const hasLabels = labels === null || (typeof labels === "object" && ["en", "zh-CN"].every((key) => key in labels));
  return [
    ...(isWordFine ? [] : [`${path}.value must be a text of at most 64 characters without control characters.`]),
    ...(hasLabels ? [] : [`${path}.labels must have the keys "en" and "zh-CN", or be null.`]),
    ...(typeof inferred === "boolean" ? [] : [`${path}.inferred must be true or false.`]),
    ...Object.keys(others).map((name) => `${path}.${name} is unknown.`),
  ];
}

const earliestAt = Date.parse("1970-01-01T00:00:00.001Z");
const latestAt = Date.parse("9999-12-31T23:59:59.999Z");

/** Whether a value can be shown; a `DateTime` is epoch milliseconds in a state, in the years that RFC 3339 can write. */
const scalarTests: Readonly<Record<string, (value: unknown) => boolean>> = {
  String: (value) => typeof value === "string",
  ID: (value) => typeof value === "string",
  Boolean: (value) => typeof value === "boolean",
  Int: (value) => typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= 2_147_483_647,
  Float: (value) => Number.isFinite(value),
  DateTime: (value) => Number.isInteger(value) && Number(value) >= earliestAt && Number(value) <= latestAt,
  URL: (value) => typeof value === "string" && /^https?:\/\//i.test(value) && URL.canParse(value),
};

function shortened(value: unknown): string {
  return String(value).slice(0, 80);
}
