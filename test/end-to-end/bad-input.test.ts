import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { nothingKept, startService, type TestService } from "../support/service.ts";

const good = "sim:884213";

let sandbox: Sandbox;
let service: TestService;

beforeAll(async () => {
  sandbox = await startSandbox();
  service = await startService({ sandbox, cache: nothingKept, accounts: { sim: { aliases: ["cards"] } } });
});

beforeEach(() => {
  for (const name of sandbox.upstreamNames) sandbox.upstream(name).clearCalls();
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

const idsAsked = (): number =>
  sandbox.upstreamNames.reduce((sum, name) => {
    const calls = sandbox.upstream(name).taskCalls;
    return sum + calls.reduce((asked, { taskIds }) => asked + (taskIds?.length ?? 0), 0);
  }, 0);

async function lookUp(ids: readonly string[]) {
  const { body, status } = await service.query(
    `query ($ids: [ID!]!) { batchTasks(ids: $ids) {
      lookups { requestedId task { id status } problem { code message retryable } }
      summary { total resolved unresolved allTerminal allSucceeded countsByStatus { status count } pollAfter }
    } }`,
    { ids },
  );
  return { status, errors: body.errors, ...body.data?.batchTasks };
}

function post(body: string, headers: Readonly<Record<string, string>> = {}) {
  return fetch(service.endpoint, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
}

describe("a look-up", () => {
  it.each([
    ["without an account", "884213"],
    ["of an empty text", ""],
    ["with an account name in upper case", "SIM:884213"],
    ["with a space before it", " sim:884213"],
    ["that is no UUID at a provider of UUIDs", "spark-prod:884213"],
    ["of a business without a task", "ops:2/"],
    ["with a leading zero", "ops:2/030000105"],
    ["with a query inside", "lark:abc&task_id=def"],
  ])("of an id %s is INVALID_ID, costs no call, and the id beside it is answered", async (_case, id) => {
    const { lookups, errors } = await lookUp([id, good]);

    expect(errors).toBeUndefined();
    expect(lookups[0]).toEqual({
      requestedId: id,
      task: null,
      problem: { code: "INVALID_ID", message: expect.stringMatching(/^The task id /), retryable: false },
    });
    expect(lookups[1].task.id).toBe(good);
    expect(idsAsked()).toBe(1);
  });

  it("of an account that nobody configured is UNKNOWN_ACCOUNT and costs no call", async () => {
    const { lookups } = await lookUp(["nobody:884213", good]);

    expect(lookups[0].problem).toMatchObject({ code: "UNKNOWN_ACCOUNT", retryable: false });
    expect(lookups[1].task.id).toBe(good);
    expect(idsAsked()).toBe(1);
  });

  it("by an account's former name answers with the canonical id and echoes the requested one", async () => {
    const { lookups, summary } = await lookUp(["cards:884213", good]);

    expect(lookups.map((lookup: { requestedId: string }) => lookup.requestedId)).toEqual(["cards:884213", good]);
    expect(lookups.map((lookup: { task: { id: string } }) => lookup.task.id)).toEqual([good, good]);
    expect(summary.total).toBe(1);
    expect(idsAsked()).toBe(1);
  });

  it("of an unknown task of a provider that says so is NOT_FOUND", async () => {
    const unknown = ["ops:2/39999999", "drs-prod:00000000-0000-0000-0000-00000000jb21", "lark:unknown"];

    const { lookups } = await lookUp([...unknown, good]);

    expect(lookups.slice(0, 3).map((lookup: { problem: { code: string } }) => lookup.problem.code)).toEqual([
      "NOT_FOUND",
      "NOT_FOUND",
      "NOT_FOUND",
    ]);
    expect(lookups[3].task.id).toBe(good);
  });

  it("of 1001 ids answers the first 1000 and tells of the last that it is one too many", async () => {
    const ids = Array.from({ length: 1001 }, () => good);

    const { lookups, summary, errors } = await lookUp(ids);

    expect(errors).toBeUndefined();
    expect(lookups).toHaveLength(1001);
    expect(lookups[999].task.id).toBe(good);
    expect(lookups[1000]).toMatchObject({ task: null, problem: { code: "TOO_MANY_IDS", retryable: false } });
    expect(lookups[1000].problem.message).toContain("1001 ids were asked for");
    expect(summary.allTerminal).toBe(false);
    expect(idsAsked()).toBe(1);
  });

  it("of no ids is an empty set, of which everything is true that is said of all", async () => {
    const { lookups, summary } = await lookUp([]);

    expect(lookups).toEqual([]);
    expect(summary).toEqual({
      total: 0,
      resolved: 0,
      unresolved: 0,
      allTerminal: true,
      allSucceeded: true,
      countsByStatus: [],
      pollAfter: null,
    });
    expect(idsAsked()).toBe(0);
  });

  it("of a missing task by name and by alias counts it once", async () => {
    const { summary } = await lookUp(["cards:999999999", "sim:999999999"]);

    expect(summary).toMatchObject({ total: 1, resolved: 0, unresolved: 1 });
  });

  it("of one id twice answers it twice and asks once", async () => {
    const { lookups } = await lookUp([good, good]);

    expect(lookups).toHaveLength(2);
    expect(lookups[0]).toEqual(lookups[1]);
    expect(idsAsked()).toBe(1);
  });
});

describe("batchTask", () => {
  it("is null without an error for a task that does not exist, and does not disturb its neighbours", async () => {
    const { body } = await service.query(
      `{ missing: batchTask(id: "ops:2/39999999") { status } there: batchTask(id: "${good}") { id status } }`,
    );

    expect(body.errors).toBeUndefined();
    expect(body.data.missing).toBeNull();
    expect(body.data.there.id).toBe(good);
  });

  it("is null with an error and a code for an id that makes no sense, and does not disturb its neighbours", async () => {
    const { body } = await service.query(
      `{ bad: batchTask(id: "nonsense") { id } there: batchTask(id: "${good}") { id } }`,
    );

    expect(body.data).toEqual({ bad: null, there: { id: good } });
    expect(body.errors).toEqual([
      expect.objectContaining({ path: ["bad"], extensions: { code: "INVALID_ID", retryable: false } }),
    ]);
  });
});

describe("_entities", () => {
  it("answers two lists under aliases in one operation, each with its own errors", async () => {
    const { body } = await service.query(
      `query ($some: [_Any!]!, $others: [_Any!]!) {
        some: _entities(representations: $some) { ... on BatchTask { id } }
        others: _entities(representations: $others) { ... on EiotclubTask { id status } }
      }`,
      {
        some: ["nonsense", { __typename: "BatchTask", id: good }],
        others: [{ __typename: "BatchTask", id: good }, {}],
      },
    );

    expect(body.data).toEqual({ some: [null, { id: good }], others: [{ id: good, status: expect.any(String) }, null] });
    expect(body.errors?.map(({ path }) => path)).toEqual([
      ["some", 0],
      ["others", 1],
    ]);
    expect(idsAsked()).toBe(1);
  });

  it("answers 1000 of 1001 representations", async () => {
    const them = Array.from({ length: 1001 }, () => ({ __typename: "BatchTask", id: good }));

    const { body } = await service.query(
      "query ($them: [_Any!]!) { _entities(representations: $them) { ... on BatchTask { status } } }",
      { them },
    );

    expect(body.data._entities[999].status).toBeDefined();
    expect(body.data._entities[1000]).toBeNull();
    expect(body.errors).toEqual([
      expect.objectContaining({ path: ["_entities", 1000], extensions: { code: "TOO_MANY_IDS", retryable: false } }),
    ]);
  });
});

describe("a request that does not come to its end", () => {
  it("is given up, though nobody waits for it yet", { timeout: 40_000 }, async () => {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{",
    );

    const answer = await text(socket);

    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe("a request", () => {
  it("that is not JSON is told so", async () => {
    const response = await post('{"query": ');

    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      errors: [{ message: "The request body is not valid JSON.", extensions: { code: "BAD_REQUEST" } }],
    });
  });

  it("of 2 MB is refused", async () => {
    const response = await post(
      JSON.stringify({ query: "{ __typename }", variables: { filler: "x".repeat(2_000_000) } }),
    );

    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({
      errors: [{ message: "The request body is larger than the limit.", extensions: { code: "PAYLOAD_TOO_LARGE" } }],
    });
  });

  it("of another media type is refused", async () => {
    const response = await post("query=x", { "content-type": "application/x-www-form-urlencoded" });

    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "UNSUPPORTED_MEDIA_TYPE" } }] });
  });

  it("for an unknown field is told which, without a stack or a hint at other fields", async () => {
    const { status, body } = await service.query('{ batchTask(id: "sim:1") { stats } }');

    expect(status).toBe(400);
    expect(body.errors).toEqual([
      {
        message: 'Cannot query field "stats" on type "BatchTask".',
        locations: [{ line: 1, column: 28 }],
        extensions: { code: "GRAPHQL_VALIDATION_FAILED" },
      },
    ]);
  });

  it("with a syntax error is told where", async () => {
    const { status, body } = await service.query("{ batchTask(");

    expect(status).toBe(400);
    expect(body.errors?.[0]).toMatchObject({
      message: expect.stringContaining("Syntax Error"),
      extensions: { code: "GRAPHQL_PARSE_FAILED" },
    });
    expect(JSON.stringify(body)).not.toContain("stack");
  });

  it("whose variables do not fit is told so", async () => {
    const { body } = await service.query("query ($ids: [ID!]!) { batchTasks(ids: $ids) { summary { total } } }", {
      ids: [null],
    });

    expect(body.errors?.[0]?.extensions?.code).toBe("BAD_USER_INPUT");
  });

  it("to another address finds nothing there", async () => {
    const response = await fetch(`${service.url}/elsewhere`);

    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "NOT_FOUND" } }] });
  });

  it("for the schema's structure is refused unless introspection is on, _service being answered all the same", async () => {
    const introspection = await service.query("{ __schema { types { name } } }");
    const sdl = await service.query("{ _service { sdl } }");

    expect(introspection.body.errors?.[0]?.message).toContain("introspection is not allowed");
    expect(sdl.body.data._service.sdl).toContain("interface BatchTask");
  });
});

describe("an operation made to keep us busy", () => {
  const ids = Array.from({ length: 1000 }, () => good);

  it("is stopped by the number of ids over all its fields", async () => {
    const fields = Array.from(
      { length: 11 },
      (_, index) => `a${index}: batchTasks(ids: $ids) { lookups { requestedId } }`,
    );

    const { body } = await service.query(`query ($ids: [ID!]!) { ${fields.join(" ")} }`, { ids });

    expect(body.data).toBeNull();
    expect(body.errors).toEqual([
      expect.objectContaining({
        message: "One operation may ask for 10000 ids in all its fields.",
        path: ["a10"],
        extensions: { code: "TOO_MANY_IDS" },
      }),
    ]);
    expect(idsAsked()).toBe(0);
  });

  it("is stopped by the number of representations, also of those that make no sense", async () => {
    const { body } = await service.query(
      "query ($them: [_Any!]!) { _entities(representations: $them) { __typename } }",
      {
        them: Array.from({ length: 100_000 }, () => ({})),
      },
    );

    expect(body.errors?.map(({ extensions }) => extensions?.code)).toEqual(["TOO_MANY_IDS"]);
  });

  it("is stopped by its length", async () => {
    const fields = Array.from({ length: 5_000 }, (_, index) => `a${index}: batchTask(id: "${good}") { id }`);

    const { status, body } = await service.query(`{ ${fields.join(" ")} }`);

    expect(status).toBe(400);
    expect(body.errors?.[0]?.message).toContain("more that 20000 tokens");
  });
});

describe("an answer", () => {
  it("to an address that cannot be read has our own form", async () => {
    const response = await fetch(`${service.url}/%zz`);

    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: expect.any(String) } }] });
  });

  it("gives no hint at names that introspection would tell", async () => {
    const { body } = await service.query(
      'query ($status: [BatchTaskStatus!]) { batchTask(id: "ops:2/30000105") { ... on SopsTask { nodes(status: $status) { totalCount } } } }',
      { status: ["RUNNINGG"] },
    );

    expect(body.errors?.[0]?.message).toContain("RUNNINGG");
    expect(body.errors?.[0]?.message).not.toContain("Did you mean");
  });
});

describe("paging", () => {
  it.each([
    ["a negative page size", "first: -1", '"first" must be 0 to 1000.'],
    ["a page size beyond the largest", "first: 1001", '"first" must be 0 to 1000.'],
    ["a cursor of something else", 'after: "bm9uc2Vuc2U"', '"after" must be a cursor of this list.'],
  ])("with %s is an error of that field alone", async (_case, argument, message) => {
    const id = "lark:123456784b68a7c89abcdef092dc09ea";

    const { body } = await service.query(
      `{ batchTask(id: "${id}") { id ... on FeishuContactTask { items(${argument}) { totalCount } } } }`,
    );

    expect(body.data.batchTask).toEqual({ id, items: null });
    expect(body.errors).toEqual([
      expect.objectContaining({ message, path: ["batchTask", "items"], extensions: { code: "BAD_USER_INPUT" } }),
    ]);
  });
});
