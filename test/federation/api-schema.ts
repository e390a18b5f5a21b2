import { readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSupergraphToPublicSchema } from "@theguild/federation-composition";
import { buildASTSchema, buildSchema, findBreakingChanges, parse, printSchema } from "graphql";
import { composeSupergraph, type Subgraph, tasksSubgraph } from "./compose.ts";

/** The public schema that clients rely on, as it was last agreed to. */
export const agreedSchemaFile = join(import.meta.dirname, "api-schema.graphql");

export const readAgreedSchema = (): string => readFileSync(agreedSchemaFile, "utf8");

/** What clients of a supergraph see of this subgraph: its schema without anything of federation. */
export function printApiSchema(tasks: Subgraph = tasksSubgraph()): string {
  const supergraph = parse(composeSupergraph([tasks]));
  return `${printSchema(buildASTSchema(transformSupergraphToPublicSchema(supergraph)))}\n`;
}

/** What would break a client of the agreed schema, in words that name it. */
export function breakingChanges(agreed: string, current: string): string[] {
  return findBreakingChanges(buildSchema(agreed), buildSchema(current)).map(({ description }) => description);
}
