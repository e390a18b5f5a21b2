import { buildSubgraphSchema } from "@apollo/subgraph";
import {
  concatAST,
  type GraphQLNamedType,
  isEnumType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
  parse,
} from "graphql";
import { describe, expect, it } from "vitest";
import { readSchemaFiles } from "../src/graphql/schema.ts";
import { providers } from "../src/providers/registry.ts";
import { problemCodes } from "../src/tasks/problem.ts";
import { taskStatuses } from "../src/tasks/task.ts";

const schema = buildSubgraphSchema([{ typeDefs: concatAST(readSchemaFiles().map((source) => parse(source))) }]);

/** What the federation library adds is not ours to describe. */
const isOurs = (type: GraphQLNamedType): boolean =>
  !isIntrospectionType(type) &&
  !isSpecifiedScalarType(type) &&
  !isUnionType(type) &&
  !type.name.startsWith("_") &&
  !type.name.includes("__");

const ourTypes = Object.values(schema.getTypeMap()).filter(isOurs);

function enumValues(name: string): string[] {
  const type = schema.getType(name);
  return isEnumType(type) ? type.getValues().map((value) => value.name) : [];
}

describe("the schema", () => {
  it("describes every type, field, argument and enum value", () => {
    const undescribed: string[] = [];
    const note = (element: string, description: string | null | undefined): void => {
      if (!description) undescribed.push(element);
    };

    for (const type of ourTypes) {
      note(type.name, type.description);
      if (isEnumType(type)) for (const value of type.getValues()) note(`${type.name}.${value.name}`, value.description);
      if (!isObjectType(type) && !isInterfaceType(type)) continue;
      for (const field of Object.values(type.getFields())) {
        if (field.name.startsWith("_")) continue;
        note(`${type.name}.${field.name}`, field.description);
        for (const argument of field.args) note(`${type.name}.${field.name}(${argument.name})`, argument.description);
      }
    }

    expect(ourTypes.length).toBeGreaterThan(25);
    expect(undescribed).toEqual([]);
  });

  it("has one type for each provider of the registry, and no other", () => {
    const batchTask = schema.getType("BatchTask");

    const implementations = isInterfaceType(batchTask) ? schema.getPossibleTypes(batchTask) : [];

    expect(implementations.map(({ name }) => name).toSorted()).toEqual(
      [...providers.values()].map(({ typename }) => typename).toSorted(),
    );
    expect(enumValues("BatchTaskProvider").toSorted()).toEqual(
      [...providers.values()].map(({ provider }) => provider).toSorted(),
    );
  });

  it("has the facets' fields and the paged lists of each provider", () => {
    for (const { typename, facets, pagedLists } of providers.values()) {
      const type = schema.getType(typename);
      const fields = isObjectType(type) ? Object.keys(type.getFields()) : [];

      expect(fields).toEqual(expect.arrayContaining([...Object.values(facets).flat(), ...Object.keys(pagedLists)]));
    }
  });

  it("lists the statuses and problem codes that the code knows, in the same order", () => {
    expect(enumValues("BatchTaskStatus")).toEqual(taskStatuses);
    expect(enumValues("BatchTaskProblemCode")).toEqual(problemCodes);
  });
});
