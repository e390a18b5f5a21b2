import { parser, rules } from "@graphql-eslint/eslint-plugin";
import { ESLint, type Linter } from "eslint";
import { describe, expect, it } from "vitest";
import { agreedSchemaFile, readAgreedSchema } from "./api-schema.ts";

/** The linter cannot read federation's directives, so it reads what clients see; a test holds that this is the schema. */
const config = {
  files: ["**/*.graphql"],
  languageOptions: { parser, parserOptions: { graphQLConfig: { schema: agreedSchemaFile } } },
  plugins: { graphql: { rules } },
  rules: {
    "graphql/naming-convention": [
      "error",
      {
        types: "PascalCase",
        FieldDefinition: "camelCase",
        InputValueDefinition: "camelCase",
        EnumValueDefinition: "UPPER_CASE",
        "FieldDefinition[parent.name.value=Query]": { forbiddenPrefixes: ["get", "list", "query"] },
      },
    ],
    "graphql/require-description": [
      "error",
      { types: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true, rootField: true },
    ],
    "graphql/no-hashtag-description": "error",
    "graphql/require-deprecation-reason": "error",
    "graphql/relay-connection-types": "error",
    "graphql/relay-edge-types": [
      "error",
      { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
    ],
    "graphql/relay-page-info": "error",
    "graphql/relay-arguments": ["error", { includeBoth: false }],
  },
};

async function lint(sdl: string): Promise<string[]> {
  const eslint = new ESLint({
    overrideConfigFile: true,
    // The plugin's types are those of another major version of ESLint.
    overrideConfig: [config as unknown as Linter.Config],
  });
  const results = await eslint.lintText(sdl, { filePath: agreedSchemaFile });
  return results.flatMap(({ messages }) =>
    messages.map(({ line, ruleId, message }) => `line ${line}, ${ruleId}: ${message}`),
  );
}

describe("the public schema", () => {
  it("keeps the rules of naming, descriptions, deprecations and connections", async () => {
    expect(await lint(readAgreedSchema())).toEqual([]);
  });

  it.each([
    ["naming-convention", "isTerminal: Boolean!", "is_terminal: Boolean!"],
    ["require-description", '"""How many tasks have a status."""\n', ""],
    ["require-deprecation-reason", "needsAttention: Boolean!", "needsAttention: Boolean! @deprecated"],
    ["relay-connection-types", "pageInfo: PageInfo!", "page: PageInfo!"],
    ["relay-edge-types", "cursor: String!", "place: Int!"],
  ])("is seen to break the rule of %s", async (rule, from, to) => {
    const broken = readAgreedSchema().replace(from, to);

    expect(broken).not.toBe(readAgreedSchema());
    expect((await lint(broken)).join("\n")).toContain(rule);
  });
});
