import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { type GraphqlAnswer, startService, type TestService } from "../support/service.ts";

const [simId, opsId, drsId] = ["sim:884001", "ops:2/30000105", "drs-prod:9a470239-2308-4bb5-a6bc-1040402fjb21"];

let sandbox: Sandbox;
let service: TestService;

beforeAll(async () => {
  sandbox = await startSandbox();
  service = await startService({ sandbox });
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

/** From the third time on an operation may be executed in another way. */
async function ask(query: string, variables: Record<string, unknown>): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (let time = 0; time < 5; time += 1) answers.push(shown(await service.query(query, variables)));
  return answers;
}

function shown({ status, headers, body }: GraphqlAnswer): unknown {
  const names = ["content-type", "cache-control", "vary"];
  return { status, headers: names.map((name) => headers.get(name)), text: JSON.stringify(body) };
}

describe("an operation that comes again and again", () => {
  it.each<[string, string, Record<string, unknown>]>([
    [
      "tasks of several types",
      `query ($ids: [ID!]!, $more: Boolean!) {
        batchTasks(ids: $ids) {
          lookups { requestedId task { ...Told ... on DrsJob { taskMode } } problem { code } }
          summary { total countsByStatus { status count } }
        }
      }
      fragment Told on BatchTask { kind: __typename id status isTerminal @include(if: $more) rawStatus { value label } }`,
      { ids: [simId, opsId, drsId, "nobody:1"], more: true },
    ],
    [
      "entities, one of which is malformed",
      "query ($list: [_Any!]!) { _entities(representations: $list) { ... on BatchTask { id status } } }",
      {
        list: [
          { __typename: "BatchTask", id: simId },
          { __typename: "BatchTask", id: "not an id" },
        ],
      },
    ],
    ["an error at a task", "query ($id: ID!) { batchTask(id: $id) { status } }", { id: "nobody:1" }],
    [
      "a variable that cannot be coerced",
      "query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { id: requestedId } } }",
      { ids: [{}] },
    ],
    ["a variable that is missing", "query ($id: ID!) { batchTask(id: $id) { id } }", {}],
    [
      "a page size that makes no sense",
      `{ batchTask(id: "${opsId}") { id ... on SopsTask { nodes(first: -1) { totalCount } } } }`,
      {},
    ],
    ["introspection, which is off", "{ __schema { queryType { name } } }", {}],
    ["the subgraph's own text", "{ _service { sdl } }", {}],
  ])("is answered the same each time: %s", async (_name, query, variables) => {
    const [first, ...others] = await ask(query, variables);

    expect(others).toEqual([first, first, first, first]);
  });
});
