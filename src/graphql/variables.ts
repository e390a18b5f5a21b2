import { type GraphQLSchema, getVariableValues, Kind, type OperationDefinitionNode, type TypeNode } from "graphql";

type Values = Readonly<Record<string, unknown>>;

/**
 * What an operation's variables come to; null when graphql-js has to say what is wrong with them. A list of texts comes to
 * itself, for which graphql-js makes a path for each of its entries.
 */
export function readVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Values,
): Values | null {
  const ready: Record<string, unknown> = {};
  const others = variableDefinitions.filter(({ variable: { name }, type }) => {
    const value = given[name.value];
    if (!isTexts(value) || !takesTexts(type)) return true;
    ready[name.value] = value;
    return false;
  });
  const { coerced } = getVariableValues(schema, others, given, { maxErrors: 1 });
  return coerced ? Object.assign(coerced, ready) : null;
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === "string");

function takesTexts(type: TypeNode): boolean {
  const list = withoutNonNull(type);
  if (list.kind !== Kind.LIST_TYPE) return false;
  const entry = withoutNonNull(list.type);
  return entry.kind === Kind.NAMED_TYPE && (entry.name.value === "ID" || entry.name.value === "String");
}

const withoutNonNull = (type: TypeNode) => (type.kind === Kind.NON_NULL_TYPE ? type.type : type);
