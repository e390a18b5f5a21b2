import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { nothingKept, startService, type TestService } from "../support/service.ts";

let sandbox: Sandbox;
let service: TestService;

beforeAll(async () => {
  sandbox = await startSandbox();
  service = await startService({ sandbox, cache: nothingKept });
});

afterEach(() => sandbox.reset());

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

const sopsIds = (count: number): string[] =>
  sandbox
    .tasks()
    .filter(
      ({ account, upstreamId, rawStatus }) =>
        account === "ops" && upstreamId.startsWith("2/") && rawStatus !== "CREATED",
    )
    .map(({ upstreamId }) => `ops:${upstreamId}`)
    .slice(0, count);

const sopsBodies = (): { task_id_list: unknown[]; include_children_status?: boolean }[] =>
  sandbox.upstream("bk-sops").taskCalls.map(({ body }) => JSON.parse(body));

describe("the nodes of a workflow", () => {
  it("are asked for only when they are selected", async () => {
    await service.query(
      '{ batchTask(id: "ops:2/30000112") { status ... on SopsTask { rootNode { depth } currentStep } } }',
    );
    await service.query(
      'query ($deep: Boolean!) { batchTask(id: "ops:2/30000113") { status ... on SopsTask @include(if: $deep) { nodes { totalCount } } } }',
      { deep: false },
    );
    await service.query('{ batchTask(id: "ops:2/30000114") { ... on SopsTask { hasIgnoredErrors } } }');

    expect(sopsBodies().map((body) => body.include_children_status ?? false)).toEqual([false, false, true]);
  });

  it("cost one call for all who ask in one operation, with and without them", async () => {
    const ids = sopsIds(40);

    const { body } = await service.query(
      `query ($some: [ID!]!, $all: [ID!]!) {
        plain: batchTasks(ids: $all) { lookups { task { id status } } }
        deep: batchTasks(ids: $some) { lookups { task { id ... on SopsTask { nodes(first: 3) { totalCount nodes { depth name status rawStatus { value label } } } } } } }
      }`,
      { some: ids.slice(0, 20), all: ids },
    );

    expect(body.errors).toBeUndefined();
    expect(
      body.data.deep.lookups.some(
        ({ task }: { task: { nodes: { totalCount: number } | null } }) => (task.nodes?.totalCount ?? 0) > 0,
      ),
    ).toBe(true);
    expect(sopsBodies()).toHaveLength(1);
    expect(sopsBodies()[0]).toMatchObject({ include_children_status: true, task_id_list: { length: 40 } });
  });

  it("come in depth-first order, with their parents, as deep as was asked", async () => {
    const ids = sopsIds(50);
    const select = (depth: number) =>
      `nodes(first: 1000, maxDepth: ${depth}) { totalCount nodes { nodeId parentNodeId depth startedAt } }`;

    const { body } = await service.query(
      `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { id ... on SopsTask { rootNode { nodeId } one: ${select(1)} all: ${select(100)} } } } } }`,
      { ids },
    );

    type Node = { nodeId: string; parentNodeId: string; depth: number };
    type Task = { rootNode: { nodeId: string } | null; one: { nodes: Node[] } | null; all: { nodes: Node[] } | null };
    const tasks: Task[] = body.data.batchTasks.lookups.map(({ task }: { task: Task }) => task);
    const deepest = Math.max(...tasks.flatMap(({ all }) => all?.nodes.map(({ depth }) => depth) ?? [0]));
    expect(deepest).toBeGreaterThan(1);
    for (const { rootNode, one, all } of tasks) {
      expect(one?.nodes ?? []).toEqual((all?.nodes ?? []).filter(({ depth }) => depth === 1));
      const before = new Map([[rootNode?.nodeId, 0]]);
      for (const node of all?.nodes ?? []) {
        expect(before.get(node.parentNodeId)).toBe(node.depth - 1);
        before.set(node.nodeId, node.depth);
      }
    }
  });
});

describe("the items of an import", () => {
  const users = "lark:123456784b68a7c89abcdef092dc09ea";
  const departments = "lark-departments:123456784b68a7c89abcdef092dc09ea";

  it("are those of the vendor's sample", async () => {
    const { body } = await service.query(
      `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { status isTerminal rawStatus { value inferred } createdAt finishedAt progress { percent total succeeded failed }
        ... on FeishuContactTask { kind items { totalCount nodes {
          __typename index outcome code message action name
          ... on FeishuUserItem { email mobile userId openId departmentIds }
          ... on FeishuDepartmentItem { departmentId parentDepartmentId chatId }
        } } } } } } }`,
      { ids: [users, departments] },
    );

    expect(body.errors).toBeUndefined();
    const [userTask, departmentTask] = body.data.batchTasks.lookups.map(({ task }: { task: unknown }) => task);
    expect(userTask).toMatchObject({
      status: "PARTIALLY_SUCCEEDED",
      isTerminal: true,
      rawStatus: { value: "8", inferred: true },
      createdAt: "2019-08-15T14:15:19.000Z",
      finishedAt: "2019-08-15T14:15:23.000Z",
      progress: { percent: 100, total: 2, succeeded: 1, failed: 1 },
      kind: "ADD_USER",
      items: {
        totalCount: 2,
        nodes: [
          {
            __typename: "FeishuUserItem",
            index: 0,
            outcome: "SUCCEEDED",
            code: 0,
            message: "success",
            action: "ADD",
            name: "custom_1",
            email: "custom_1@feishu.cn",
            mobile: "13000000001",
            userId: "custom_1",
            openId: "ou_123456784b68a7c89abcdef092dc09ea",
            departmentIds: ["custom_1"],
          },
          {
            __typename: "FeishuUserItem",
            index: 1,
            outcome: "FAILED",
            code: 10013,
            message: "invalid user_id",
            action: null,
            name: "custom_2",
            email: null,
            mobile: "13000000002",
            userId: "_custom_2",
            openId: null,
            departmentIds: ["custom_2"],
          },
        ],
      },
    });
    expect(departmentTask).toMatchObject({
      status: "SUCCEEDED",
      kind: "ADD_DEPARTMENT",
      items: {
        totalCount: 2,
        nodes: [
          {
            __typename: "FeishuDepartmentItem",
            departmentId: "custom_1",
            parentDepartmentId: "0",
            chatId: "oc_123456784b68a7c89abcdef092dc09ea",
          },
          {
            __typename: "FeishuDepartmentItem",
            departmentId: "custom_2",
            parentDepartmentId: "custom_1",
            chatId: null,
          },
        ],
      },
    });
  });

  it("can be narrowed to the failed ones and walked through page by page", async () => {
    const { body } = await service.query(
      `{ batchTask(id: "${users}") { ... on FeishuContactTask { failed: items(outcome: FAILED) { totalCount edges { cursor node { index } } } first: items(first: 1) { nodes { index } pageInfo { hasNextPage endCursor } } } } }`,
    );
    const { failed, first } = body.data.batchTask;

    const next = await service.query(
      `{ batchTask(id: "${users}") { ... on FeishuContactTask { items(first: 1, after: "${first.pageInfo.endCursor}") { nodes { index } pageInfo { hasNextPage hasPreviousPage } } } } }`,
    );

    expect(failed).toMatchObject({ totalCount: 1, edges: [{ node: { index: 1 } }] });
    expect(first).toMatchObject({ nodes: [{ index: 0 }], pageInfo: { hasNextPage: true } });
    expect(next.body.data.batchTask.items).toEqual({
      nodes: [{ index: 1 }],
      pageInfo: { hasNextPage: false, hasPreviousPage: true },
    });
  });
});

describe("the vendors' samples", () => {
  it("of bk-sops read as the seed shows them", async () => {
    const ids = ["ops:2/30000105", "ops:2/30000101", "ops:2/30000100"];

    const { body } = await service.query(
      `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task {
        name status isTerminal needsAttention createdAt startedAt finishedAt elapsedSeconds webUrl failure { recoverable }
        ... on SopsTask { businessId scope rootNode { nodeId } }
      } } } }`,
      { ids },
    );

    expect(body.data.batchTasks.lookups.map(({ task }: { task: unknown }) => task)).toEqual([
      {
        name: "task test tree",
        status: "SUCCEEDED",
        isTerminal: true,
        needsAttention: false,
        createdAt: "2020-03-18T09:21:24.000Z",
        startedAt: "2020-03-18T09:22:04.000Z",
        finishedAt: "2020-03-18T09:22:46.000Z",
        elapsedSeconds: 41,
        webUrl: null,
        failure: null,
        businessId: "2",
        scope: "CMDB_BIZ",
        rootNode: { nodeId: "n580c9bf42a93bfc9a6cfe309bb3b418" },
      },
      expect.objectContaining({
        name: "task test1111",
        status: "FAILED",
        isTerminal: false,
        finishedAt: null,
        elapsedSeconds: 1375959,
        failure: { recoverable: true },
      }),
      expect.objectContaining({ name: "task_name", status: "RUNNING", isTerminal: false, elapsedSeconds: 1381417 }),
    ]);
  });

  it("of DLI and DRS read as the seeds show them, in either language", async () => {
    const ids = [
      "spark-prod:0a324461-d9d9-45da-a52a-3b3c7a3d809e",
      "drs-prod:9a470239-2308-4bb5-a6bc-1040402fjb21",
      "drs-prod:dc67695a-ee3e-49b8-a022-a099bd81jb21",
    ];

    const { body } = await service.query(
      `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { status rawStatus { value en: label zh: label(locale: "zh-CN") } observation { source stale ageMs } } } } }`,
      { ids },
    );

    const tasks = body.data.batchTasks.lookups.map(({ task }: { task: unknown }) => task);
    expect(tasks).toMatchObject([
      { status: "SUCCEEDED", rawStatus: { value: "Success" } },
      { status: "RUNNING", rawStatus: { value: "INCRE_TRANSFER_STARTED" } },
      { status: "FAILED", rawStatus: { value: "INCRE_TRANSFER_FAILED" } },
    ]);
    for (const { rawStatus, observation } of tasks) {
      expect(rawStatus.en).toMatch(/^[A-Z][a-z]/);
      expect(rawStatus.zh).toMatch(/\p{Script=Han}/u);
      expect(observation).toEqual({ source: "UPSTREAM", stale: false, ageMs: expect.any(Number) });
    }
  });
});
