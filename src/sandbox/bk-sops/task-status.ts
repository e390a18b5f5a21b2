import { createHash } from "node:crypto";
import { hashToFraction } from "../hash-to-fraction.ts";
import type { TaskLife } from "../task-life.ts";
import { formatTime } from "./format-time.ts";
import type { SopsSwitches } from "./switches.ts";
import type { SopsTask } from "./tasks.ts";

const NODE_NAMES = ["check target", "drain traffic", "stop service", "deploy package", "start service", "smoke test"];

type StatusSwitches = Pick<SopsSwitches, "utcOffset" | "unsetStatusTimes">;

/** The state tree of a started task or of one of its nodes. */
export interface NodeStatus {
  readonly id: string;
  readonly state: string;
  /** The key really ends in a colon. */
  readonly "root_id:": string;
  readonly parent_id: string;
  readonly version: string;
  readonly loop: number;
  readonly retry: number;
  readonly skip: boolean;
  readonly error_ignorable: boolean;
  readonly error_ignored: boolean;
  readonly elapsed_time: number;
  readonly start_time: string | null;
  readonly finish_time: string | null;
  readonly name: string;
  readonly children?: Readonly<Record<string, NodeStatus>>;
}

interface NodeSpan {
  readonly state: string;
  readonly startAt: number;
  readonly endAt: number | null;
}

/** The root's state word at this moment. */
export function rootState(task: SopsTask, life: TaskLife): string {
  switch (life.phase) {
    case "waiting":
      return "CREATED";
    case "running":
      return "RUNNING";
    case "paused":
      return hashToFraction(`${task.id}/pause`) < 0.5 ? "SUSPENDED" : "NODE_SUSPENDED";
    case "succeeded":
      return "FINISHED";
    case "failed":
      return "FAILED";
    case "stopped":
      return "REVOKED";
  }
}

/** The state tree of a task that was started. Its times lie a second after those of the row. */
export function startedStatus(
  task: SopsTask,
  life: TaskLife & { readonly startedAt: number },
  now: number,
  withChildren: boolean,
  switches: StatusSwitches,
): NodeStatus {
  const rootId = nodeId(task, "root");
  const state = rootState(task, life);
  const span = { state, startAt: life.startedAt + 1000, endAt: finishedAt(life) };
  const root = node({ id: rootId, rootId, parentId: rootId, name: task.name }, span, now, switches);
  return withChildren ? { ...root, children: childrenOf(task, life, rootId, now, switches) } : root;
}

/** When the engine wrote a finish time: on finish and revoke, never on failure. */
export function finishedAt(life: TaskLife): number | null {
  return life.phase === "failed" ? null : life.endedAt;
}

/** Only nodes that were begun have a state. Nodes take equal parts of the work; the third of some tasks is a subprocess. */
function childrenOf(
  task: SopsTask,
  life: TaskLife & { readonly startedAt: number },
  rootId: string,
  now: number,
  switches: StatusSwitches,
): Readonly<Record<string, NodeStatus>> {
  const nodeCount = 3 + Math.floor(hashToFraction(`${task.id}/nodes`) * 4);
  const reached = life.fraction * nodeCount;
  const begunCount = Math.min(nodeCount, Math.floor(reached) + 1);
  const endAt = Math.max(life.endedAt ?? now, life.startedAt + 1000);
  const partMs = (endAt - life.startedAt) / Math.max(reached, 1);

  const nodes = Array.from({ length: begunCount }, (_, index) => {
    const isLast = index === begunCount - 1 && life.phase !== "succeeded";
    const startAt = life.startedAt + 1000 + index * partMs;
    const span: NodeSpan = isLast
      ? { state: lastNodeState(task, life), startAt, endAt: null }
      : { state: "FINISHED", startAt, endAt: startAt + partMs };
    return childNode(task, rootId, index, span, now, switches);
  });
  return Object.fromEntries(nodes.map((each) => [each.id, each]));
}

function lastNodeState(task: SopsTask, life: TaskLife): string {
  const state = rootState(task, life);
  // A paused or ended workflow leaves its current node as it was; only a node's own suspension shows on the node.
  if (state === "NODE_SUSPENDED") return "SUSPENDED";
  return state === "SUSPENDED" ? "FINISHED" : state;
}

function childNode(
  task: SopsTask,
  rootId: string,
  index: number,
  span: NodeSpan,
  now: number,
  switches: StatusSwitches,
): NodeStatus {
  const id = nodeId(task, String(index));
  const name = NODE_NAMES[index] ?? `step ${index + 1}`;
  const plain = node({ id, rootId, parentId: rootId, name }, span, now, switches);
  const children = index === 2 && task.number % 2 === 0 ? subprocess(task, rootId, plain, span, now, switches) : {};
  return { ...plain, ...pardon(task, index, span), children };
}

/** Some failures were skipped by an operator, some are ignored by the workflow itself. */
function pardon(task: SopsTask, index: number, span: NodeSpan): Partial<NodeStatus> {
  if (span.state !== "FINISHED") return {};
  if (task.number % 5 === 0 && index === 1) return { skip: true, retry: 1 };
  if (task.number % 7 === 0 && index === 0) return { error_ignorable: true, error_ignored: true };
  return {};
}

function subprocess(
  task: SopsTask,
  rootId: string,
  parent: NodeStatus,
  span: NodeSpan,
  now: number,
  switches: StatusSwitches,
): Readonly<Record<string, NodeStatus>> {
  const id = nodeId(task, "inner");
  const inner = node({ id, rootId, parentId: parent.id, name: "inner step" }, span, now, switches);
  return { [id]: { ...inner, children: {} } };
}

function node(
  identity: { readonly id: string; readonly rootId: string; readonly parentId: string; readonly name: string },
  span: NodeSpan,
  now: number,
  switches: StatusSwitches,
): NodeStatus {
  const unset = switches.unsetStatusTimes === "null" ? null : "";
  return {
    id: identity.id,
    state: span.state,
    "root_id:": identity.rootId,
    parent_id: identity.parentId,
    version: nodeVersion(identity.id),
    loop: 1,
    retry: 0,
    skip: false,
    error_ignorable: false,
    error_ignored: false,
    elapsed_time: Math.max(0, Math.floor(((span.endAt ?? now) - span.startAt) / 1000)),
    start_time: formatTime(span.startAt, switches.utcOffset),
    finish_time: span.endAt === null ? unset : formatTime(span.endAt, switches.utcOffset),
    name: identity.name,
  };
}

function nodeId(task: SopsTask, part: string): string {
  return `n${createHash("md5").update(`${task.id}/${part}`).digest("hex").slice(1)}`;
}

function nodeVersion(id: string): string {
  return `v${createHash("md5").update(`version of ${id}`).digest("hex").slice(1)}`;
}
