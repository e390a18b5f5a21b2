import { collectSubFields } from "@graphql-tools/utils";
import { type FieldNode, type GraphQLObjectType, type GraphQLResolveInfo, getNamedType, isObjectType } from "graphql";
import type { TaskTypes } from "./task-type.ts";

/** What a selection wants of a task of one concrete type. */
export interface WantedParts {
  /** False when the id alone answers everything that is selected. */
  readonly needsState: boolean;
  readonly facets: ReadonlySet<string>;
}

/** By concrete GraphQL type. */
export type PartsOf = (typename: string) => WantedParts;

/** Fields that can be read from a task's id. */
const identityFields: ReadonlySet<string> = new Set(["__typename", "id", "provider", "account", "upstreamId"]);

/** The field nodes of one position in a query, merged. */
export type SelectedNodes = readonly FieldNode[];

/**
 * Reads which parts of a task are selected below the given nodes. Fragments, conditions on concrete types and interfaces,
 * `@skip` and `@include`, and aliases are honoured; each type is read once.
 */
export function readParts(info: GraphQLResolveInfo, nodes: SelectedNodes, taskTypes: TaskTypes): PartsOf {
  const partsByType = new Map<string, WantedParts>();
  return (typename) => {
    const parts = partsByType.get(typename) ?? readPartsOfType(info, nodes, typename, taskTypes);
    partsByType.set(typename, parts);
    return parts;
  };
}

/** The nodes of a field, by its name in the schema, among what is selected below the given nodes. */
export function selectField(
  info: GraphQLResolveInfo,
  nodes: SelectedNodes,
  parentType: string,
  fieldName: string,
): SelectedNodes {
  return subFields(info, nodes, parentType).filter((node) => node.name.value === fieldName);
}

function readPartsOfType(
  info: GraphQLResolveInfo,
  nodes: SelectedNodes,
  typename: string,
  taskTypes: TaskTypes,
): WantedParts {
  const selected = new Set(subFields(info, nodes, typename).map((node) => node.name.value));
  const facets = new Set<string>();
  for (const [facet, fields] of Object.entries(taskTypes.get(typename)?.facets ?? {})) {
    if (fields.some((field) => selected.has(field))) facets.add(facet);
  }
  return { needsState: !selected.isSubsetOf(identityFields), facets };
}

function subFields(info: GraphQLResolveInfo, nodes: SelectedNodes, typename: string): FieldNode[] {
  const { schema, fragments, variableValues } = info;
  const variables = { coerced: variableValues, sources: {} };
  const { fields } = collectSubFields(schema, fragments, variables, objectType(info, typename), [...nodes]);
  return [...fields.values()].flat();
}

function objectType({ schema }: GraphQLResolveInfo, typename: string): GraphQLObjectType {
  const type = schema.getType(typename);
  if (!type || !isObjectType(getNamedType(type))) throw new Error(`The schema has no object type "${typename}"`);
  return type as GraphQLObjectType;
}
