import { shapesFromImports } from "./shapes-from-imports.ts";
import { shapesFromTasks } from "./shapes-from-tasks.ts";
import { shapesInTrouble } from "./shapes-in-trouble.ts";
import type { SupergraphWorld } from "./supergraph-world.ts";

/** Apollo's gateway, Hive's with its stitching planner, Hive's with the planner in Rust. */
export type GatewayName = "apollo" | "hive" | "hive-rust";

export interface ShapeError {
  /** Joined by dots. */
  readonly path: string;
  /** Null for an error that has no code. */
  readonly code: string | null;
}

/** What a query should come to. */
export interface Outcome {
  data(world: SupergraphWorld): unknown;
  /** In the order of their paths; default: none. */
  readonly errors?: readonly ShapeError[];
  /** Requests that this subgraph gets. */
  readonly requests: number;
  /** Calls for tasks that the upstreams get, by upstream. */
  readonly upstreamCalls: Readonly<Record<string, number>>;
}

/** What a gateway makes of a query instead; what is left out is as expected. */
export interface Difference extends Partial<Outcome> {
  /** What the gateway was seen to do. */
  readonly observed: string;
}

/** One way of asking a supergraph. */
export interface QueryShape extends Outcome {
  readonly name: string;
  readonly query: string;
  variables?(world: SupergraphWorld): Readonly<Record<string, unknown>>;
  /** Brings the trouble about. */
  arrange?(world: SupergraphWorld): void | Promise<void>;
  /** How many representations each `_entities` request carries, where that is worth asserting. */
  readonly representations?: readonly number[];
  readonly differs?: Readonly<Partial<Record<GatewayName, Difference>>>;
}

export const queryShapes: readonly QueryShape[] = [...shapesFromTasks, ...shapesFromImports, ...shapesInTrouble];
