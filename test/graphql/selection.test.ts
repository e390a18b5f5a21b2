import { buildSchema, type GraphQLResolveInfo, graphql } from "graphql";
import { describe, expect, it } from "vitest";
import { readParts, selectField } from "../../src/graphql/selection.ts";
import type { TaskTypes } from "../../src/graphql/task-type.ts";

const schema = buildSchema(`
  interface Task { id: ID! account: String! status: String }
  interface Named { name: String }
  type Flow implements Task & Named { id: ID! account: String! status: String name: String nodes(first: Int): [String] tree: String }
  type Job implements Task { id: ID! account: String! status: String log: String }
  type Lookup { task: Task problem: String }
  type Query { task: Task lookups: [Lookup] }
`);

const taskTypes: TaskTypes = new Map([
  ["Flow", { typename: "Flow", facets: { children: ["nodes", "tree"] }, pagedLists: {} }],
  ["Job", { typename: "Job", facets: { detail: ["log"] }, pagedLists: {} }],
]);

interface Parts {
  readonly needsState: boolean;
  readonly facets: string[];
}

/** Runs a query and answers what its resolver reads from `info` for each type. */
async function partsOf(source: string, variableValues: Record<string, unknown> = {}): Promise<Record<string, Parts>> {
  const read: Record<string, Parts> = {};
  const note = (info: GraphQLResolveInfo, nodes: GraphQLResolveInfo["fieldNodes"]): null => {
    const parts = readParts(info, nodes, taskTypes);
    for (const type of ["Flow", "Job"]) {
      const { needsState, facets } = parts(type);
      read[type] = { needsState, facets: [...facets] };
    }
    return null;
  };
  const rootValue = {
    task: (_args: unknown, _context: unknown, info: GraphQLResolveInfo) => note(info, info.fieldNodes),
    lookups: (_args: unknown, _context: unknown, info: GraphQLResolveInfo) =>
      note(info, [...selectField(info, info.fieldNodes, "Lookup", "task")]),
  };
  const result = await graphql({ schema, source, rootValue, variableValues });
  expect(result.errors).toBeUndefined();
  return read;
}

const nothing: Parts = { needsState: false, facets: [] };
const state: Parts = { needsState: true, facets: [] };
const children: Parts = { needsState: true, facets: ["children"] };

describe("what a selection wants of a task", () => {
  it.each<[string, string, Parts, Parts]>([
    ["identity alone", "{ task { __typename id account } }", nothing, nothing],
    ["a field of every task", "{ task { id status } }", state, state],
    ["a costlier field on its type", "{ task { ... on Flow { nodes } } }", children, nothing],
    ["the same under an alias", "{ task { ... on Flow { id: id steps: nodes(first: 1) } } }", children, nothing],
    ["an identity field's name as an alias", "{ task { id: status } }", state, state],
    ["a fragment on another interface", "{ task { ... on Named { name } } }", state, nothing],
    [
      "a fragment inside a fragment",
      "{ task { ...A } } fragment A on Task { ...B } fragment B on Flow { tree }",
      children,
      nothing,
    ],
    [
      "two types at once",
      "{ task { ... on Flow { nodes } ... on Job { log } } }",
      children,
      { needsState: true, facets: ["detail"] },
    ],
    ["a field selected twice", "{ task { ... on Flow { nodes } } task { status } }", children, state],
    ["a skipped field", "{ task { id ... on Flow { nodes @skip(if: true) } } }", nothing, nothing],
    ["a skipped fragment", "{ task { id ... on Flow @include(if: false) { nodes } } }", nothing, nothing],
    [
      "tasks further down, under aliases",
      "{ lookups { one: task { id } two: task { ... on Flow { tree } } } }",
      children,
      nothing,
    ],
    ["only the neighbours of a task", "{ lookups { problem } }", nothing, nothing],
  ])("is read from %s", async (_case, source, flow, job) => {
    const parts = await partsOf(source);

    expect(parts).toEqual({ Flow: flow, Job: job });
  });

  it.each([
    [true, children],
    [false, nothing],
  ])("follows a variable of @include: %s", async (wanted, flow) => {
    const parts = await partsOf(
      "query ($wanted: Boolean!) { task { id ... on Flow @include(if: $wanted) { nodes } } }",
      {
        wanted,
      },
    );

    expect(parts.Flow).toEqual(flow);
  });
});
