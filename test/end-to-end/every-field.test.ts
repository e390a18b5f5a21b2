import {
  buildSchema,
  concatAST,
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  parse,
  print,
} from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSchemaFiles } from "../../src/graphql/schema.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { nothingKept, startService, type TestService } from "../support/service.ts";

const schema = buildSchema(print(concatAST(readSchemaFiles().map((source) => parse(source)))), { assumeValid: true });

/** One moment for both sides, at which the sandbox has tasks in every state. */
const startedAt = Date.now();
let hoursLater = 0;
const now = (): number => startedAt + hoursLater * 3_600_000;

const identity = ["id", "provider", "account", "upstreamId"];

interface Cost {
  /** Which accounts' tasks are asked for. */
  readonly accounts: readonly string[];
  /** Fields that this provider never fills. */
  readonly alwaysNull: readonly string[];
  /** What a call looks like that brings a field; the plain one for those that are not named. */
  readonly plain: string;
  readonly costlier: Readonly<Record<string, readonly string[]>>;
}

const costs: Readonly<Record<string, Cost>> = {
  EiotclubTask: {
    accounts: ["sim"],
    alwaysNull: ["name", "createdAt", "startedAt", "finishedAt", "elapsedSeconds", "progress", "webUrl"],
    plain: "POST /api/v3/task/query",
    costlier: {},
  },
  DliBatchJob: {
    accounts: ["spark-prod"],
    alwaysNull: ["startedAt", "elapsedSeconds", "progress", "webUrl"],
    plain: "GET state",
    costlier: {
      "GET batch": [
        "name",
        "createdAt",
        "finishedAt",
        "applicationId",
        "owner",
        "queue",
        "kind",
        "updatedAt",
        "logTail",
      ],
    },
  },
  FeishuContactTask: {
    accounts: ["lark", "lark-departments"],
    alwaysNull: ["name", "startedAt", "elapsedSeconds", "webUrl"],
    plain: "GET /open-apis/contact/v2/task/get",
    costlier: {},
  },
  SopsTask: {
    accounts: ["ops", "ops-esb"],
    alwaysNull: ["progress"],
    plain: "POST without children",
    costlier: { "POST with children": ["nodes", "hasIgnoredErrors"] },
  },
  DrsJob: {
    accounts: ["drs-prod"],
    alwaysNull: ["webUrl"],
    plain: "POST batch-status",
    costlier: {
      "POST batch-progress": ["progress", "taskMode", "replicationDelayMs", "phases"],
      "POST batch-detail": [
        "name",
        "createdAt",
        "startedAt",
        "finishedAt",
        "elapsedSeconds",
        "engineType",
        "direction",
      ],
    },
  },
};

let sandbox: Sandbox;
let service: TestService;

beforeAll(async () => {
  sandbox = await startSandbox({ now });
  hoursLater = 2;
  service = await startService({ sandbox, cache: nothingKept, now });
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

const taskTypes = Object.keys(costs).map((name) => schema.getType(name) as GraphQLObjectType);

const fieldsOf = Object.fromEntries(
  taskTypes.map((type) => [type.name, Object.keys(type.getFields()).filter((field) => !identity.includes(field))]),
);

/** Selects a field with everything inside it. */
function select(field: GraphQLField<unknown, unknown>): string {
  const type = getNamedType(field.type);
  if (isLeafType(type)) return field.name;
  const inner = isInterfaceType(type) ? schema.getPossibleTypes(type) : [type];
  const selections = inner.map((each) => {
    if (!isObjectType(each)) return "";
    const fields = Object.values(each.getFields()).map(select).join(" ");
    return isInterfaceType(type) ? `... on ${each.name} { ${fields} }` : fields;
  });
  return `${field.name} { __typename ${selections.join(" ")} }`;
}

function idsOf({ accounts }: Cost): string[] {
  return sandbox
    .tasks()
    .filter(({ account }) => accounts.includes(account))
    .map(({ account, upstreamId }) => `${account}:${upstreamId}`);
}

async function askFor(typename: string, field: string, ids: readonly string[]): Promise<unknown[]> {
  const type = schema.getType(typename) as GraphQLObjectType;
  const selection = select(type.getFields()[field] as GraphQLField<unknown, unknown>);
  for (const name of sandbox.upstreamNames) sandbox.upstream(name).clearCalls();
  sandbox.upstream("bk-sops").act("clearCaches");
  const { body } = await service.query(
    `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { ... on ${typename} { ${selection} } } } } }`,
    { ids },
  );
  expect(body.errors).toBeUndefined();
  return body.data.batchTasks.lookups.map(({ task }: { task: Record<string, unknown> }) => task[field]);
}

/** What each call to an upstream was for. */
function callsMade(): string[] {
  const calls = sandbox.upstreamNames.flatMap((name) => sandbox.upstream(name).taskCalls);
  const kinds = calls.map(({ method, path, body }) => {
    if (path.includes("get_tasks_status")) {
      return `${method} ${JSON.parse(body).include_children_status === true ? "with" : "without"} children`;
    }
    if (path.includes("/batches/")) return `${method} ${path.endsWith("/state") ? "state" : "batch"}`;
    return `${method} ${path.includes("/jobs/") ? path.split("/").at(-1) : path}`;
  });
  return [...new Set(kinds)];
}

function costOf({ plain, costlier }: Cost, field: string): string {
  return Object.entries(costlier).find(([, fields]) => fields.includes(field))?.[0] ?? plain;
}

describe.each(Object.entries(costs))("%s", (typename, cost) => {
  it.each(fieldsOf[typename] ?? [])("brings %s by the one kind of call that has it", async (field) => {
    const values = await askFor(typename, field, idsOf(cost));

    const isTold = values.some((value) => value !== null);
    expect(isTold).toBe(!cost.alwaysNull.includes(field));
    expect(callsMade()).toEqual([costOf(cost, field)]);
  });

  it.each(identity)("tells %s without asking anybody", async (field) => {
    const values = await askFor(typename, field, idsOf(cost).slice(0, 3));

    expect(values.every((value) => value !== null)).toBe(true);
    expect(callsMade()).toEqual([]);
  });
});

describe("costlier parts together", () => {
  const selectJobs = "name progress { percent } taskMode";

  it("cost 4 detail calls and 1 progress call for 40 DRS jobs, and no status call", async () => {
    const ids = idsOf(costs.DrsJob as Cost).slice(0, 40);
    sandbox.upstream("huawei-drs").clearCalls();

    const { body } = await service.query(
      `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { status ... on DrsJob { ${selectJobs} } } } } }`,
      { ids },
    );

    const calls = sandbox
      .upstream("huawei-drs")
      .taskCalls.map(({ path, taskIds }) => [path.split("/").at(-1), taskIds?.length]);
    expect(body.errors).toBeUndefined();
    expect(
      body.data.batchTasks.lookups.every(
        ({ task }: { task: { name: string; taskMode: string } }) => task.name && task.taskMode,
      ),
    ).toBe(true);
    expect(calls.toSorted()).toEqual([
      ...Array.from({ length: 4 }, () => ["batch-detail", 10]),
      ["batch-progress", 40],
    ]);
  });

  it("cost 5 detail calls for 5 DLI jobs with their owners, and no state call", async () => {
    const ids = idsOf(costs.DliBatchJob as Cost).slice(0, 5);

    await askFor("DliBatchJob", "owner", ids);

    const calls = sandbox.upstream("huawei-dli").taskCalls.map(({ path }) => path.endsWith("/state"));
    expect(calls).toEqual([false, false, false, false, false]);
  });

  it("that cannot be had leave their own fields null with an error there, and the rest of the task as it is", async () => {
    const [id] = idsOf(costs.DrsJob as Cost);
    sandbox.upstream("huawei-drs").fault({ kind: "status", status: 500, whenPath: "/batch-detail" });

    const { body } = await service.query(
      `{ batchTasks(ids: ["${id}"]) { lookups { problem { code } task { id status ... on DrsJob { ${selectJobs} createdAt } } } } }`,
    );
    sandbox.upstream("huawei-drs").fault(null);

    const [lookup] = body.data.batchTasks.lookups;
    expect(lookup).toMatchObject({
      problem: null,
      task: { id, name: null, createdAt: null, taskMode: expect.any(String) },
    });
    expect(lookup.task.status).toMatch(/^[A-Z]+$/);
    expect(body.errors?.map(({ path, extensions }) => [path?.at(-1), extensions?.code])).toEqual([
      ["name", "UPSTREAM_UNAVAILABLE"],
      ["createdAt", "UPSTREAM_UNAVAILABLE"],
    ]);
  });
});

describe("what must never come out", () => {
  it("does not, though every field of every task is selected: secrets in the details of Huawei's jobs", async () => {
    const everything = Object.entries(costs).map(([typename, cost]) => {
      const fields = (fieldsOf[typename] ?? []).map((field) => {
        const type = schema.getType(typename) as GraphQLObjectType;
        return select(type.getFields()[field] as GraphQLField<unknown, unknown>);
      });
      return { cost, selection: `... on ${typename} { ${fields.join(" ")} }` };
    });

    for (const { cost, selection } of everything) {
      const { body } = await service.query(
        `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { ${selection} } } } }`,
        { ids: idsOf(cost) },
      );

      expect(body.errors).toBeUndefined();
      expect(JSON.stringify(body)).not.toContain("sandbox-planted");
    }
    expect(service.logLines.join()).not.toContain("sandbox-planted");
    expect(service.logLines.join()).not.toContain("custom_1@feishu.cn");
  });
});
