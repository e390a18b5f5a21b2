import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { concatAST, type GraphQLSchema, parse, Source } from "graphql";
import { createResolvers, type ResolverOptions } from "./resolvers.ts";
import { resolveTaskFields } from "./task-fields.ts";

const schemaFolder = join(import.meta.dirname, "../../schema");

/**
 * The executable subgraph: every `.graphql` file under `schema/`, with its resolvers.
 *
 * @throws when a task type is not in the files: every task of it would fail, one query at a time
 */
export function createSchema(options: ResolverOptions): GraphQLSchema {
  const typeDefs = concatAST(readSchemaFiles().map((source) => parse(source)));
  const schema = buildSubgraphSchema([{ typeDefs, resolvers: createResolvers(options) }]);
  resolveTaskFields(schema, options.taskTypes);
  return schema;
}

export function readSchemaFiles(): Source[] {
  return readdirSync(schemaFolder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".graphql"))
    .sort()
    .map((name) => new Source(readFileSync(join(schemaFolder, name), "utf8"), `schema/${name}`));
}
