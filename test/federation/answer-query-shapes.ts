import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RunningGateway } from "../supergraph/hive-gateway.ts";
import type { PassedRequest } from "../supergraph/recording-proxy.ts";
import type { GraphqlAnswer } from "../support/service.ts";
import { type GatewayName, type QueryShape, queryShapes, type ShapeError } from "./query-shapes.ts";
import { postQuery, type SupergraphWorld, startSupergraphWorld } from "./supergraph-world.ts";

export type StartGateway = (world: Pick<SupergraphWorld, "supergraphSdl" | "headers">) => Promise<RunningGateway>;

/** Every query shape through one gateway: what it answers, and what that costs. */
export function describeQueryShapes(name: GatewayName, start: StartGateway): void {
  describe(`through ${name}`, () => {
    let world: SupergraphWorld;
    let gateway: RunningGateway;

    beforeAll(async () => {
      world = await startSupergraphWorld();
      gateway = await start(world);
    });

    beforeEach(() => world.reset());

    afterAll(async () => {
      await gateway.close();
      await world.close();
    });

    it.each(queryShapes)("$name", async (shape) => {
      const expected = { ...shape, ...shape.differs?.[name] };
      await shape.arrange?.(world);

      const { data, errors } = await postQuery(gateway.endpoint, shape.query, shape.variables?.(world));

      expect(data).toEqual(expected.data(world));
      expect(shownErrors(errors)).toEqual(expected.errors ?? []);
      expect(world.proxy.requests.map(({ query }) => query)).toHaveLength(expected.requests);
      expectUpstreamCalls(world.upstreamCalls(), expected);
      if (shape.representations) expect(world.proxy.requests.map(countRepresentations)).toEqual(shape.representations);
    });

    it("gets nothing without the router's secret", async () => {
      const stranger = await start({ ...world, headers: {} });

      const { data, errors } = await postQuery(stranger.endpoint, '{ batchTask(id: "sim:884001") { id status } }');
      await stranger.close();

      expect(data?.batchTask ?? null).toBeNull();
      expect(errors).toHaveLength(1);
      expect(world.proxy.requests.map(({ status }) => status)).toEqual([401]);
      expect(world.upstreamCalls()).toEqual({});
    });
  });
}

/** Requests that a gateway makes at the same time may share calls: then there are fewer than if each asked for itself. */
function expectUpstreamCalls(
  made: QueryShape["upstreamCalls"],
  { upstreamCalls, requests }: Pick<QueryShape, "upstreamCalls" | "requests">,
): void {
  if (requests < 2) {
    expect(made).toEqual(upstreamCalls);
    return;
  }
  expect(Object.keys(made).toSorted()).toEqual(Object.keys(upstreamCalls).toSorted());
  for (const [provider, calls] of Object.entries(made)) expect(calls).toBeLessThanOrEqual(upstreamCalls[provider] ?? 0);
}

function shownErrors(errors: GraphqlAnswer["body"]["errors"] = []): ShapeError[] {
  return errors
    .map(({ path = [], extensions }) => ({ path: path.join("."), code: (extensions?.code as string) ?? null }))
    .toSorted((left, right) => left.path.localeCompare(right.path));
}

/** Each gateway names the variable in its own way. */
function countRepresentations({ variables }: PassedRequest): number {
  return Object.values(variables).reduce<number>((sum, value) => sum + (Array.isArray(value) ? value.length : 0), 0);
}
