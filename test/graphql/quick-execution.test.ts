import fc from "fast-check";
import {
  type ExecutionResult,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  validate,
} from "graphql";
import { afterEach, describe, expect, it } from "vitest";
import type { Context } from "../../src/graphql/context.ts";
import { createIdBudget } from "../../src/graphql/id-budget.ts";
import { createQuickExecution, type QuickExecution } from "../../src/graphql/quick-execution.ts";
import { createResponseFreshness } from "../../src/graphql/response-freshness.ts";
import { createSchema } from "../../src/graphql/schema.ts";
import type { LoadedTask } from "../../src/loaders/task-loaders.ts";
import { providers } from "../../src/providers/registry.ts";
import type { TaskKey } from "../../src/tasks/task-key.ts";
import { createDice } from "./dice.ts";
import { type RandomOperation, randomOperation, randomVariables } from "./random-operation.ts";
import { createTaskWorld } from "./random-tasks.ts";

const now = (): number => 1_790_000_001_234;

const ids = [
  ...[...providers.values()].flatMap(({ id, probeId }) => [`${id}:${probeId}`]),
  "eiotclub:1",
  "eiotclub:2",
  "eiotclub:not an id",
  "nobody:1",
];

function newSchema(health: () => "OK" = () => "OK"): GraphQLSchema {
  const all = [...providers.values()];
  return createSchema({
    accounts: new Map(all.map((provider) => [provider.id, { name: provider.id, grammar: provider }])),
    accountViews: all.map(({ id, provider }) => ({ name: id, provider, maxIdsPerCall: 50, minPollSeconds: 5, health })),
    taskTypes: new Map(all.map((provider) => [provider.typename, provider])),
    maxIdsPerRequest: 5,
    now,
  });
}

interface Asked {
  readonly context: Context;
  /** Every list of keys that the loaders were asked for, as text. */
  readonly asked: string[];
}

function newContext(taskOf: (key: TaskKey) => LoadedTask, maxIds = 1000): Asked {
  const asked: string[] = [];
  const context: Context = {
    loaders: {
      async loadTasks(keys) {
        asked.push(keys.map(({ reference, facets }) => `${reference.id} ${[...facets]}`).join("; "));
        return keys.map(taskOf);
      },
    },
    budget: createIdBudget(maxIds),
    freshness: createResponseFreshness(),
  };
  return { context, asked };
}

const referenceSchema = newSchema();
const quickSchema = newSchema();

interface Answer {
  readonly data: string | undefined;
  readonly errors: unknown;
  readonly quick: boolean;
}

/** As Apollo Server does it: what the quick execution leaves is executed with the same context. */
async function answerQuickly(
  quick: QuickExecution,
  schema: GraphQLSchema,
  { query, variables }: RandomOperation,
  context: Context,
  document = parse(query),
): Promise<Answer> {
  const operation = getOperationAST(document);
  if (!operation) throw new Error("There is no operation");
  const data = await quick.execute({ document, operation, variables, context });
  if (data) return { ...answerOf({ data }), quick: true };
  return answerOf(await execute({ schema, document, variableValues: variables, contextValue: context }));
}

async function answerByGraphqlJs({ query, variables }: RandomOperation, context: Context): Promise<Answer> {
  const document = parse(query);
  return answerOf(
    await execute({ schema: referenceSchema, document, variableValues: variables, contextValue: context }),
  );
}

function answerOf({ data, errors }: ExecutionResult): Answer {
  return { data: JSON.stringify(data), errors: errors?.toSorted(byRootField).map(shownError), quick: false };
}

/** Fields of `Query` are answered in any order; below them the order of the errors counts. */
function byRootField(left: GraphQLError, right: GraphQLError): number {
  return String(left.path?.[0]).localeCompare(String(right.path?.[0]));
}

function shownError(error: GraphQLError): unknown {
  const { name, message } = error.originalError ?? {};
  return { ...error.toJSON(), constructor: error.constructor.name, original: error.originalError && { name, message } };
}

describe("the quick execution", () => {
  it("answers random operations over random tasks exactly as graphql-js does", async () => {
    const quick = createQuickExecution(quickSchema);
    const counts = { valid: 0, quick: 0, withErrors: 0 };

    await fc.assert(
      fc.asyncProperty(fc.noShrink(fc.integer()), async (seed) => {
        const dice = createDice(seed);
        const disorder = dice.pick([0, 0, 0.005, 0.05]);
        const maxIds = dice.happens(0.05) ? 3 : 1000;
        // Which of several fields that fail as a whole is named is a matter of which fails first.
        const maxRootFields = disorder > 0 || maxIds < 1000 ? 1 : 3;
        const { query, variables } = randomOperation(referenceSchema, ids, dice, maxRootFields);
        const document = parse(query);
        if (validate(referenceSchema, document).length > 0) return;
        // What is kept of a document must not depend on the request that came first.
        for (const operation of [
          { query, variables },
          { query, variables: randomVariables(ids, dice) },
        ]) {
          const taskOf = createTaskWorld(referenceSchema, providers, dice, disorder);
          const [expected, actual] = [newContext(taskOf, maxIds), newContext(taskOf, maxIds)];

          const expectedAnswer = await answerByGraphqlJs(operation, expected.context);
          const answer = await answerQuickly(quick, quickSchema, operation, actual.context, document);

          expect({ ...answer, quick: null, ...operation }).toEqual({ ...expectedAnswer, quick: null, ...operation });
          expect(actual.asked).toEqual(expected.asked);
          expect(actual.context.freshness.cacheControl(now())).toBe(expected.context.freshness.cacheControl(now()));
          counts.valid += 1;
          counts.quick += answer.quick ? 1 : 0;
          counts.withErrors += answer.errors ? 1 : 0;
        }
      }),
      { numRuns: 300 },
    );

    expect(counts.valid).toBeGreaterThan(100);
    expect(counts.quick).toBeGreaterThan(counts.valid / 4);
    expect(counts.withErrors).toBeGreaterThan(counts.valid / 20);
  });
});

describe("operations that look dangerous", () => {
  const task = createTaskWorld(referenceSchema, providers, createDice(1), 0);

  /** Whether each of so many executions of one document was quick. */
  async function quickTimes(
    operation: RandomOperation,
    times: number,
    quick = createQuickExecution(quickSchema),
    document = parse(operation.query),
  ): Promise<boolean[]> {
    expect(validate(quickSchema, document)).toEqual([]);
    const results: boolean[] = [];
    for (let time = 0; time < times; time += 1) {
      const expected = await answerByGraphqlJs(operation, newContext(task).context);
      const answer = await answerQuickly(quick, quickSchema, operation, newContext(task).context, document);
      expect({ ...answer, quick: null }).toEqual({ ...expected, quick: null });
      results.push(answer.quick);
    }
    return results;
  }

  it("are kept apart by name within one document", async () => {
    const document = parse("query A { batchTaskAccounts { name } } query B { batchTaskAccounts { provider } }");
    const quick = createQuickExecution(quickSchema);

    const answers = await Promise.all(
      ["A", "B"].map((name) => {
        const operation = getOperationAST(document, name);
        if (!operation) throw new Error(`There is no operation ${name}`);
        return quick.execute({ document, operation, variables: {}, context: newContext(task).context });
      }),
    );

    expect(answers).toEqual([
      { batchTaskAccounts: [...providers.values()].map(({ id }) => ({ name: id })) },
      { batchTaskAccounts: [...providers.values()].map(({ provider }) => ({ provider })) },
    ]);
  });

  afterEach(() => Reflect.deleteProperty(globalThis, "intruder"));

  const mark = "__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d";
  const attack = `${mark}(globalThis.intruder = 1)`;

  it.each<[string, string]>([
    ["a literal that is code behind the compiler's mark", `{ batchTask(id: "${attack}") { id } }`],
    ["the same in a list", `{ batchTasks(ids: ["${attack}"]) { lookups { requestedId } } }`],
    ["the same as a block string", `{ batchTask(id: """${attack}""") { id } }`],
    [
      "the same behind escapes",
      `{ batchTask(id: "\\u005f_MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d(globalThis.intruder = 1)") { id } }`,
    ],
    ["the same below the root", `query ($id: ID!) { batchTask(id: $id) { rawStatus { label(locale: "${attack}") } } }`],
    [
      "the same in an object",
      `{ _entities(representations: [{ __typename: "BatchTask", id: "${attack}" }]) { __typename } }`,
    ],
    ["a text that ends a text", `{ batchTask(id: "\\"; globalThis.intruder = 1; \\"") { id } }`],
    ["a text that ends a template", `{ batchTask(id: "\`\${globalThis.intruder = 1}\`") { id } }`],
    ["the prototype as an alias", "query ($id: ID!) { batchTask(id: $id) { __proto__: id } }"],
    ["the prototype as a variable", "query ($__proto__: ID!) { batchTask(id: $__proto__) { id } }"],
    ["introspection", "{ __schema { queryType { name } } }"],
    [
      "a variable inside a list",
      'query ($id: ID! = "eiotclub:1") { batchTasks(ids: [$id]) { lookups { requestedId } } }',
    ],
    [
      "more conditions than are worth it",
      `query ($a: Boolean = true, $b: Boolean = true, $c: Boolean = true, $d: Boolean = true) {
        batchTaskAccounts { name @skip(if: $a) provider @skip(if: $b) health @skip(if: $c) __typename @skip(if: $d) }
      }`,
    ],
    ["a fragment that is spread ever wider", widening(12)],
  ])("are answered as graphql-js answers them: %s", async (_name, query) => {
    await quickTimes({ query, variables: { id: "eiotclub:1", __proto__: "eiotclub:1" } }, 3);

    expect(globalThis).not.toHaveProperty("intruder");
  });

  it.each<[string, string]>([
    ["a harmless literal", '{ batchTask(id: "eiotclub:1") { rawStatus { label(locale: "zh-CN") } } }'],
    [
      "a default value that is code behind the compiler's mark",
      `query ($locale: String = "${attack}") { batchTask(id: "eiotclub:1") { rawStatus { label(locale: $locale) } } }`,
    ],
    [
      "names that mean something to JavaScript",
      'query class { constructor: batchTask(id: "eiotclub:1") { toString: id hasOwnProperty: account class: status } }',
    ],
    ["everything left out", 'query ($no: Boolean = false) { batchTask(id: "eiotclub:1") { id @include(if: $no) } }'],
  ])("are answered quickly: %s", async (_name, query) => {
    const results = await quickTimes({ query, variables: {} }, 2);

    expect(results).toEqual([true, true]);
    expect(globalThis).not.toHaveProperty("intruder");
  });

  /** Each fragment spreads the next twice: a few lines that come to two to the power of `depth` fields. */
  function widening(depth: number): string {
    const fragments = Array.from({ length: depth }, (_, level) => {
      const next = level + 1 < depth ? `... { ...F${level + 1} } ... { ...F${level + 1} }` : "id";
      return `fragment F${level} on BatchTask { ${next} }`;
    });
    return `query ($id: ID!) { batchTask(id: $id) { ...F0 } } ${fragments.join(" ")}`;
  }
});

describe("an operation that graphql-js has to finish", () => {
  it.each<[string, Record<string, unknown>]>([
    ["nulls where there must be none", { reading: { state: { status: null, isTerminal: true } } }],
    ["a value that the type cannot hold", { reading: { state: { status: "ENDED", isTerminal: "perhaps" } } }],
    ["an error as a value", { reading: { state: { status: new Error("secret"), isTerminal: true } } }],
    [
      "a value that throws when it is read",
      { reading: { state: Object.defineProperty({}, "status", { get: throwUp }) } },
    ],
    ["a state that is not there", { reading: null }],
    ["a type that the schema does not have", { __typename: "Stranger" }],
    ["no type at all", { __typename: undefined }],
  ])("asks nobody a second time: %s", async (_name, oddity) => {
    const schema = newSchema();
    const fields = schema.getQueryType()?.getFields();
    if (!fields?.batchTask) throw new Error("There is no batchTask");
    let asked = 0;
    fields.batchTask.resolve = async () => {
      asked += 1;
      return { __typename: "EiotclubTask", reference: { id: "eiotclub:1" }, ...oddity };
    };
    const operation = { query: '{ batchTask(id: "eiotclub:1") { id status isTerminal } }', variables: {} };
    const quick = createQuickExecution(schema);
    const { context } = newContext(createTaskWorld(referenceSchema, providers, createDice(1), 0));

    const answer = await answerQuickly(quick, schema, operation, context);

    expect(asked).toBe(1);
    expect(answer).toMatchObject({ data: '{"batchTask":null}', quick: false });
    expect(answer.errors).toEqual([expect.objectContaining({ constructor: "GraphQLError" })]);
  });

  function throwUp(): never {
    throw new Error("Not to be read");
  }
});
