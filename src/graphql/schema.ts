import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { concatAST, type GraphQLSchema, parse, Source } from "graphql";
import { createResolvers, type ResolverOptions } from "./resolvers.ts";

const schemaFolder = join(import.meta.dirname, "../../schema");

/** The executable subgraph: every `.graphql` file under `schema/`, with its resolvers. */
export function createSchema(options: ResolverOptions): GraphQLSchema {
  const typeDefs = concatAST(readSchemaFiles().map((source) => parse(source)));
  return buildSubgraphSchema([{ typeDefs, resolvers: createResolvers(options) }]);
}

export function readSchemaFiles(): Source[] {
  return readdirSync(schemaFolder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".graphql"))
    .sort()
    .map((name) => new Source(readFileSync(join(schemaFolder, name), "utf8"), `schema/${name}`));
}
