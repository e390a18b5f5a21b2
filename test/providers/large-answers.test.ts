import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { type GraphqlAnswer, nothingKept, startService, type TestService } from "../support/service.ts";

const workflowId = "2/30000105";

/** Keeps a slow answer from being taken for one that never comes; far above what any of these takes. */
const generousMs = 15_000;

let sandbox: Sandbox;
let service: TestService;

beforeAll(async () => {
  sandbox = await startSandbox();
  service = await startService({ sandbox, cache: nothingKept });
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

beforeEach(() => sandbox.reset());

/** A page of a connection, as the queries below ask for it. */
interface Page<Entry> {
  readonly nodes: readonly Entry[];
  readonly edges: readonly { readonly cursor: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean; readonly endCursor: string };
  readonly totalCount: number;
}

/** All pages of a connection, each asked for with the end of the one before. */
async function walk<Entry>(
  query: string,
  variables: Readonly<Record<string, unknown>>,
  pageOf: (task: Readonly<Record<string, Page<Entry>>>) => Page<Entry> | undefined,
): Promise<Page<Entry>[]> {
  const pages: Page<Entry>[] = [];
  for (let after: string | null = null; ; ) {
    const { body }: GraphqlAnswer = await service.query(query, { ...variables, after });
    expect(body.errors).toBeUndefined();
    const page = pageOf(body.data.batchTask);
    if (!page) throw new Error("The task has no such list.");
    pages.push(page);
    expect(page.pageInfo.hasPreviousPage).toBe(after !== null);
    if (!page.pageInfo.hasNextPage) return pages;
    after = page.pageInfo.endCursor;
  }
}

const page = "nodes { ...entry } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } totalCount";

interface Node {
  readonly nodeId: string;
  readonly parentNodeId: string;
  readonly depth: number;
  readonly status: string;
}

interface WireNode {
  readonly id: string;
  readonly state: string;
  readonly children: Record<string, WireNode>;
}

const states = ["FINISHED", "RUNNING", "FAILED"];

/** A tree of that many nodes below its root, down to that depth, each node hanging somewhere above its depth. */
function growTree(count: number, depth: number): { root: WireNode; expected: Node[] } {
  const root: WireNode = { id: "root", state: "RUNNING", children: {} };
  const levels: WireNode[][] = [[root]];
  for (let index = 0; index < count; index += 1) {
    const level = 1 + (index % depth);
    const above = levels[level - 1] ?? [];
    const parent = above[(index * 7) % above.length];
    const node: WireNode = { id: `n${index}`, state: states[index % states.length] ?? "", children: {} };
    if (parent) parent.children[node.id] = node;
    levels[level] = [...(levels[level] ?? []), node];
  }
  return { root, expected: [...descendants(root, 1)] };
}

const shownStatus: Readonly<Record<string, string>> = { FINISHED: "SUCCEEDED", RUNNING: "RUNNING", FAILED: "FAILED" };

function* descendants(parent: WireNode, depth: number): Generator<Node> {
  for (const node of Object.values(parent.children)) {
    yield { nodeId: node.id, parentNodeId: parent.id, depth, status: shownStatus[node.state] ?? "" };
    yield* descendants(node, depth + 1);
  }
}

const nodesQuery = `query ($id: ID!, $first: Int, $after: String, $maxDepth: Int, $status: [BatchTaskStatus!]) {
  batchTask(id: $id) { status ... on SopsTask { hasIgnoredErrors nodes(first: $first, after: $after, maxDepth: $maxDepth, status: $status) { ${page} } } }
}
fragment entry on SopsNode { nodeId parentNodeId depth status }`;

const walkNodes = (variables: Readonly<Record<string, unknown>>): Promise<Page<Node>[]> =>
  walk<Node>(nodesQuery, { id: `ops:${workflowId}`, ...variables }, ({ nodes }) => nodes);

describe("a workflow of 2000 nodes, 12 deep", () => {
  const { root, expected } = growTree(2_000, 12);

  beforeEach(() => sandbox.upstream("bk-sops").set({ rowPatches: { [workflowId]: { status: root } } }));

  it("is shown node by node in depth-first order, whatever the size of the pages", {
    timeout: generousMs,
  }, async () => {
    for (const first of [1000, 333]) {
      const pages = await walkNodes({ first, maxDepth: 12 });

      expect(pages.flatMap(({ nodes }) => nodes)).toEqual(expected);
      expect(pages).toHaveLength(Math.ceil(2_000 / first));
      for (const { totalCount } of pages) expect(totalCount).toBe(2_000);
      expect(new Set(pages.flatMap(({ edges }) => edges.map(({ cursor }) => cursor))).size).toBe(2_000);
    }
  });

  it("is shown as far as the filters let it, with the number of what they let through", async () => {
    const failed = expected.filter(({ depth, status }) => depth <= 5 && status === "FAILED");

    const pages = await walkNodes({ first: 100, maxDepth: 5, status: ["FAILED"] });

    expect(failed.length).toBeGreaterThan(100);
    expect(pages.flatMap(({ nodes }) => nodes)).toEqual(failed);
    for (const { totalCount } of pages) expect(totalCount).toBe(failed.length);
  });
});

describe("a workflow 5000 nodes deep", () => {
  // Written by hand: JSON.stringify gives up on a tree as deep as this.
  const text = `${'{"state":"RUNNING","id":"x","children":{"a":'.repeat(5_000)}{"state":"RUNNING"}${"}}".repeat(5_000)}`;
  const rows = (id: string): string => `{"result":true,"code":0,"data":[{"id":${id},"name":"deep","status":${text}}]}`;

  it("is cut at a depth of 100, and does not claim that no error was ignored below", async () => {
    sandbox.upstream("bk-sops").set({ refuseWith: rows("30000105") });

    const { body } = await service.query(nodesQuery, { id: `ops:${workflowId}`, first: 1000, maxDepth: 5_000 });

    expect(body.errors).toBeUndefined();
    const { status, hasIgnoredErrors, nodes } = body.data.batchTask;
    expect({ status, hasIgnoredErrors }).toEqual({ status: "RUNNING", hasIgnoredErrors: null });
    expect(nodes.totalCount).toBe(100);
    expect(nodes.nodes.map(({ depth }: Node) => depth)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  it("costs only itself: the tasks beside it are answered", async () => {
    const beside = "sim:884213";
    sandbox.upstream("bk-sops").set({ refuseWith: rows("30000105") });

    const { body } = await service.query(
      "query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { id ... on SopsTask { nodes { totalCount } } } problem { code } } } }",
      { ids: [`ops:${workflowId}`, beside] },
    );

    expect(body.errors).toBeUndefined();
    const ids = body.data.batchTasks.lookups.map(({ task }: { task: { id: string } | null }) => task?.id);
    expect(ids).toEqual([`ops:${workflowId}`, beside]);
  });
});

describe("an import of 5000 entries", () => {
  const taskId = "123456784b68a7c89abcdef092dc09ea";
  const entries = Array.from({ length: 5_000 }, (_, index) => ({
    code: index % 3 === 0 ? 10_013 : 0,
    msg: `entry ${index}`,
    ...(index % 3 !== 0 && { action: 1 }),
    name: `user ${index}`,
  }));
  const query = `query ($id: ID!, $first: Int, $after: String, $outcome: BatchTaskItemOutcome) {
    batchTask(id: $id) { ... on FeishuContactTask { progress { total succeeded failed } items(first: $first, after: $after, outcome: $outcome) { ${page} } } }
  }
  fragment entry on FeishuContactItem { index name outcome }`;

  interface Item {
    readonly index: number;
    readonly name: string;
    readonly outcome: string;
  }

  const expected: Item[] = entries.map(({ code, name }, index) => {
    return { index, name, outcome: code === 0 ? "SUCCEEDED" : "FAILED" };
  });

  const walkItems = (variables: Readonly<Record<string, unknown>>): Promise<Page<Item>[]> =>
    walk<Item>(query, { id: `lark:${taskId}`, ...variables }, ({ items }) => items);

  beforeEach(() => {
    const counters = { total_num: 5_000, success_num: 3_333, fail_num: 1_667 };
    sandbox.upstream("feishu-contact").set({ rowPatches: { [taskId]: { ...counters, task_info: entries } } });
  });

  it("is shown entry by entry in the order of the request", { timeout: generousMs }, async () => {
    const pages = await walkItems({ first: 700 });

    expect(pages.flatMap(({ nodes }) => nodes)).toEqual(expected);
    expect(pages).toHaveLength(8);
    for (const { totalCount } of pages) expect(totalCount).toBe(5_000);
  });

  it("is shown as far as the outcome lets it, with cursors that mean the same place", async () => {
    const failed = expected.filter(({ outcome }) => outcome === "FAILED");

    const pages = await walkItems({ first: 1000, outcome: "FAILED" });

    expect(pages.flatMap(({ nodes }) => nodes)).toEqual(failed);
    for (const { totalCount } of pages) expect(totalCount).toBe(1_667);
    const [{ pageInfo } = { pageInfo: { endCursor: "" } }] = pages;
    const { body } = await service.query(query, { id: `lark:${taskId}`, first: 1, after: pageInfo.endCursor });
    expect(body.data.batchTask.items.nodes).toEqual([expected[(failed[999]?.index ?? 0) + 1]]);
  });
});
