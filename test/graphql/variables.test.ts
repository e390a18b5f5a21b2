import { buildSchema, getVariableValues, type OperationDefinitionNode, parse } from "graphql";
import { describe, expect, it } from "vitest";
import { readVariables } from "../../src/graphql/variables.ts";

const schema = buildSchema("scalar Any type Query { a(id: ID): Int }");

const types = ["[ID!]!", "[ID]", "[String!]", "[[ID]]", "[Int!]", "[Any]", "ID!", "Int"];
const values = [undefined, null, [], ["a", "b"], ["1", 2], ["a", null], [["a"]], "a", 7, [{}]];

describe("variables", () => {
  it.each(types)("of type %s come to what graphql-js makes of them", (type) => {
    const operation = operationWith(`$list: ${type} = null, $other: Int = 5`);
    for (const list of values) {
      const given = { ...(list !== undefined && { list }), unknown: ["a"] };
      const { coerced = null } = getVariableValues(schema, operation.variableDefinitions ?? [], given);

      expect(readVariables(schema, operation, given)).toEqual(coerced);
    }
  });

  it("are refused when one beside a list of texts is", () => {
    const operation = operationWith("$ids: [ID!]!, $first: Int");

    expect(readVariables(schema, operation, { ids: ["a"], first: "one" })).toBeNull();
  });

  function operationWith(definitions: string): OperationDefinitionNode {
    return parse(`query (${definitions}) { a }`).definitions[0] as OperationDefinitionNode;
  }
});
