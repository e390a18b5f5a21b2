import { describe, expect, it } from "vitest";
import { flattenNodes, keepsSopsNode } from "../../../src/providers/bk-sops/nodes.ts";
import { normalizeSopsTask, readSopsPlace } from "../../../src/providers/bk-sops/normalize.ts";
import { createSopsMeanings } from "../../../src/providers/bk-sops/status.ts";

interface WireNode {
  [key: string]: unknown;
}

const meanings = createSopsMeanings({});

/** A chain of that many nodes below the root. */
function chain(levels: number): WireNode {
  const root: WireNode = { id: "n0", state: "RUNNING" };
  let node = root;
  for (let level = 1; level <= levels; level += 1) {
    const child: WireNode = { id: `n${level}`, state: "RUNNING" };
    node.children = { [`n${level}`]: child };
    node = child;
  }
  return root;
}

function wide(count: number): WireNode {
  const children = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`c${index}`, { state: "FINISHED" }]),
  );
  return { id: "root", state: "RUNNING", children };
}

function normalize(status: WireNode, withChildren = true) {
  const reading = { place: readSopsPlace("project-7"), meanings, withChildren };
  return normalizeSopsTask({ id: 1, name: "task" }, status, String(status.state), reading);
}

describe("flattenNodes", () => {
  it("lists descendants depth first, with parent and depth, the root left out", () => {
    const root = {
      id: "root",
      state: "RUNNING",
      children: {
        a: { id: "a", state: "FINISHED", children: { a1: { id: "a1", state: "FINISHED" }, a2: { state: "FAILED" } } },
        b: { id: "b", state: "RUNNING" },
      },
    };

    const { nodes } = flattenNodes(root, meanings.ofOpen);

    expect(nodes.map(({ nodeId, parentNodeId, depth }) => [nodeId, parentNodeId, depth])).toEqual([
      ["a", "root", 1],
      ["a1", "a", 2],
      ["a2", "a", 2],
      ["b", "root", 1],
    ]);
  });

  it("reads a node's own fields, odd forms included", () => {
    const node = {
      id: "n1",
      state: "FAILED",
      name: "step",
      retry: 2,
      loop: "1",
      skip: 0,
      error_ignorable: true,
      version: "v1",
      elapsed_time: 7,
      start_time: "2020-03-18 17:22:05 +0800",
      finish_time: "",
    };

    const { nodes } = flattenNodes({ state: "FAILED", children: { n1: node } }, meanings.ofOpen);

    expect(nodes).toEqual([
      {
        nodeId: "n1",
        parentNodeId: null,
        depth: 1,
        status: "FAILED",
        rawStatus: { value: "FAILED", labels: { en: "Failed", "zh-CN": "失败" }, inferred: false },
        name: "step",
        retryCount: 2,
        loopCount: 1,
        skipped: false,
        errorIgnorable: true,
        version: "v1",
        startedAt: Date.parse("2020-03-18T09:22:05Z"),
        finishedAt: null,
        elapsedSeconds: 7,
      },
    ]);
  });

  it.each([[undefined], [null], [7], [{}], ["ODD"]])("keeps a node whose state is %j as not understood", (state) => {
    const { nodes } = flattenNodes({ state: "RUNNING", children: { n1: { state } } }, meanings.ofOpen);

    expect(nodes[0]).toMatchObject({ nodeId: "n1", status: "UNKNOWN" });
  });

  it.each([[undefined], [null], [{}], [[]], ["none"], [{ n1: null }]])("takes children %j for none", (children) => {
    expect(flattenNodes({ state: "RUNNING", children }, meanings.ofOpen)).toEqual({
      nodes: [],
      hasIgnoredErrors: false,
      isCut: false,
    });
  });

  it("keeps 100 levels of a deep tree", () => {
    const whole = flattenNodes(chain(100), meanings.ofOpen);
    const cut = flattenNodes(chain(5_000), meanings.ofOpen);

    expect(whole).toMatchObject({ isCut: false });
    expect(whole.nodes).toHaveLength(100);
    expect(cut).toMatchObject({ isCut: true });
    expect(cut.nodes.at(-1)?.depth).toBe(100);
  });

  it("keeps 10 000 nodes of a wide tree", () => {
    const whole = flattenNodes(wide(10_000), meanings.ofOpen);
    const cut = flattenNodes(wide(10_001), meanings.ofOpen);

    expect(whole.nodes).toHaveLength(10_000);
    expect(whole.isCut).toBe(false);
    expect(cut.nodes).toHaveLength(10_000);
    expect(cut.isCut).toBe(true);
  });
});

describe("hasIgnoredErrors", () => {
  const withChild = (child: WireNode, state = "FINISHED"): WireNode => ({
    state,
    children: { a: { state: "FINISHED", children: { b: { state: "FINISHED", ...child } } } },
  });

  it.each([
    [{ skip: true }, true],
    [{ skip: 1 }, true],
    [{ error_ignored: true }, true],
    [{ skip: 0, error_ignored: false }, false],
    [{ error_ignorable: true }, false],
    [{}, false],
  ])("of a task with a grandchild %j is %j", (child, expected) => {
    expect(normalize(withChild(child)).hasIgnoredErrors).toBe(expected);
  });

  it("is not known without children, of an expired task, or of a tree that was cut", () => {
    expect(normalize(withChild({ skip: true }), false)).toMatchObject({ hasIgnoredErrors: null, nodes: null });
    expect(normalize({ state: "EXPIRED" })).toMatchObject({ hasIgnoredErrors: null, nodes: [] });
    expect(normalize(wide(10_001)).hasIgnoredErrors).toBeNull();
  });

  it("is false for a task that has not started and therefore has no children", () => {
    expect(normalize({ state: "CREATED", children: {} }).hasIgnoredErrors).toBe(false);
  });

  it("does not count the root", () => {
    expect(normalize({ state: "FINISHED", skip: true }).hasIgnoredErrors).toBe(false);
  });
});

describe("keepsSopsNode", () => {
  const { nodes } = flattenNodes(chain(3), meanings.ofOpen);
  const shown = (args: Record<string, unknown>) => nodes.filter((node) => keepsSopsNode(node, args)).length;

  it.each([
    [{}, 1],
    [{ maxDepth: null }, 1],
    [{ maxDepth: 0 }, 0],
    [{ maxDepth: 1 }, 1],
    [{ maxDepth: 2 }, 2],
    [{ maxDepth: 99 }, 3],
    [{ maxDepth: 99, status: ["RUNNING"] }, 3],
    [{ maxDepth: 99, status: ["FAILED", "SUCCEEDED"] }, 0],
    [{ maxDepth: 99, status: [] }, 0],
    [{ maxDepth: 99, status: null }, 3],
  ])("with %j shows %i of a chain of three", (args, count) => {
    expect(shown(args)).toBe(count);
  });
});
