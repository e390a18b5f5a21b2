import { composeServices } from "@apollo/composition";
import { composeServices as composeByGuild } from "@theguild/federation-composition";
import { concatAST, parse, print } from "graphql";
import { readSchemaFiles } from "../../src/graphql/schema.ts";

/** A subgraph as a composer wants it. */
export interface Subgraph {
  readonly name: string;
  readonly url: string;
  readonly sdl: string;
}

export type Composer = "apollo" | "guild";

export interface Composition {
  readonly supergraphSdl: string | undefined;
  readonly errors: readonly string[];
}

/** This subgraph, as its schema files have it. */
export function tasksSubgraph(url = "http://tasks.invalid/graphql"): Subgraph {
  return { name: "tasks", url, sdl: print(concatAST(readSchemaFiles().map((source) => parse(source)))) };
}

export function compose(composer: Composer, subgraphs: readonly Subgraph[]): Composition {
  const services = subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));
  const result = composer === "apollo" ? composeServices(services) : composeByGuild(services);
  return {
    supergraphSdl: result.supergraphSdl,
    errors: (result.errors ?? []).map(({ message }) => message),
  };
}

/** The supergraph by the stricter composer. */
export function composeSupergraph(subgraphs: readonly Subgraph[]): string {
  const { supergraphSdl, errors } = compose("apollo", subgraphs);
  if (supergraphSdl === undefined) throw new Error(`The subgraphs don't compose:\n${errors.join("\n")}`);
  return supergraphSdl;
}
