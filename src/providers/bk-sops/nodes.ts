import { type MeaningLookup, readStatus } from "../../tasks/status-table.ts";
import type { EpochMs, RawStatus, TaskStatus } from "../../tasks/task.ts";
import {
  readBoolean,
  readFilledText,
  readInteger,
  readObject,
  readText,
  type WireObject,
} from "../shared/wire-values.ts";
import { readSopsTime } from "./wire.ts";

export interface SopsNodeState {
  readonly nodeId: string | null;
  readonly parentNodeId: string | null;
  /** 0 for the root. */
  readonly depth: number;
  readonly status: TaskStatus;
  readonly rawStatus: RawStatus;
  readonly name: string | null;
  readonly retryCount: number | null;
  readonly loopCount: number | null;
  readonly skipped: boolean | null;
  readonly errorIgnorable: boolean | null;
  readonly version: string | null;
  readonly startedAt: EpochMs | null;
  readonly finishedAt: EpochMs | null;
  readonly elapsedSeconds: number | null;
}

export interface FlattenedNodes {
  /** Depth first: a node stands before its descendants, the root is not among them. */
  readonly nodes: readonly SopsNodeState[];
  /** True when a node was skipped or its error ignored. */
  readonly hasIgnoredErrors: boolean;
  /** True when the tree was larger than what is kept. */
  readonly isCut: boolean;
}

const maxNodes = 10_000;
const maxDepth = 100;

interface Visit {
  readonly key: string;
  readonly node: WireObject;
  readonly parentNodeId: string | null;
  readonly depth: number;
}

/** The root's own place in the tree: no parent, and a name and an `error_ignorable` that cannot be relied on. */
export function rootNodeOf(status: WireObject, taskName: string | null, meaningOf: MeaningLookup): SopsNodeState {
  const node = nodeOf({ key: "", node: status, parentNodeId: null, depth: 0 }, meaningOf);
  return { ...node, name: taskName, errorIgnorable: null };
}

/** Flattens `children`, a map of node id to node at every level; without recursion, since trees may be deep. */
export function flattenNodes(rootStatus: WireObject, meaningOf: MeaningLookup): FlattenedNodes {
  const nodes: SopsNodeState[] = [];
  let hasIgnoredErrors = false;
  let isCut = false;
  const waiting = childrenOf(rootStatus, readFilledText(rootStatus.id), 1);
  for (let visit = waiting.pop(); visit; visit = waiting.pop()) {
    if (nodes.length === maxNodes) return { nodes, hasIgnoredErrors, isCut: true };
    const state = nodeOf(visit, meaningOf);
    nodes.push(state);
    hasIgnoredErrors ||= state.skipped === true || readBoolean(visit.node.error_ignored) === true;
    const children = childrenOf(visit.node, state.nodeId, visit.depth + 1);
    if (visit.depth < maxDepth) for (const child of children) waiting.push(child);
    else isCut ||= children.length > 0;
  }
  return { nodes, hasIgnoredErrors, isCut };
}

/** Last child first, so that the first one is taken next. */
function childrenOf(node: WireObject, parentNodeId: string | null, depth: number): Visit[] {
  const children: Visit[] = [];
  for (const [key, value] of Object.entries(readObject(node.children) ?? {})) {
    const child = readObject(value);
    if (child) children.push({ key, node: child, parentNodeId, depth });
  }
  return children.reverse();
}

function nodeOf({ key, node, parentNodeId, depth }: Visit, meaningOf: MeaningLookup): SopsNodeState {
  const { status, rawStatus } = readStatus(readText(node.state) ?? "", meaningOf);
  return {
    nodeId: readFilledText(node.id) ?? readFilledText(key),
    parentNodeId,
    depth,
    status,
    rawStatus,
    name: readFilledText(node.name),
    retryCount: readInteger(node.retry),
    loopCount: readInteger(node.loop),
    skipped: readBoolean(node.skip),
    errorIgnorable: readBoolean(node.error_ignorable),
    version: readFilledText(node.version),
    startedAt: readSopsTime(node.start_time),
    finishedAt: readSopsTime(node.finish_time),
    elapsedSeconds: readElapsedSeconds(node),
  };
}

export function readElapsedSeconds(node: WireObject): number | null {
  const seconds = readInteger(node.elapsed_time);
  return seconds !== null && seconds >= 0 ? seconds : null;
}

const defaultMaxDepth = 1;

/** Whether the `nodes` field shows a node: by its depth, and by its status when statuses are asked for. */
export function keepsSopsNode(node: SopsNodeState, args: Readonly<Record<string, unknown>>): boolean {
  const depthLimit = typeof args.maxDepth === "number" ? args.maxDepth : defaultMaxDepth;
  return node.depth <= depthLimit && (!Array.isArray(args.status) || args.status.includes(node.status));
}
