import { readStatus } from "../../tasks/status-table.ts";
import type { EpochMs, TaskFailure, TaskState } from "../../tasks/task.ts";
import { readBoolean, readFilledText, readWebUrl, type WireObject } from "../shared/wire-values.ts";
import { flattenNodes, readElapsedSeconds, rootNodeOf, type SopsNodeState } from "./nodes.ts";
import type { SopsMeanings } from "./status.ts";
import { readSopsTime } from "./wire.ts";

/** The fields of `SopsTask` beside those of every task. */
export interface SopsTaskState extends TaskState {
  readonly businessId: string;
  readonly scope: SopsScope;
  readonly flowType: string | null;
  readonly currentStep: string | null;
  readonly isDeleted: boolean | null;
  readonly rootNode: SopsNodeState;
  /** Null when the children were not asked for. */
  readonly nodes: readonly SopsNodeState[] | null;
  /** Null also when the provider no longer has the children. */
  readonly hasIgnoredErrors: boolean | null;
}

export type SopsScope = "CMDB_BIZ" | "PROJECT";

/** Where tasks live: the business, or the project, that is part of their ids. */
export interface SopsPlace {
  readonly businessId: string;
  readonly scope: SopsScope;
}

const projectPrefix = "project-";

/** Reads the scope of a task reference: `2` or `project-7`. */
export function readSopsPlace(scope: string): SopsPlace {
  return scope.startsWith(projectPrefix)
    ? { businessId: scope.slice(projectPrefix.length), scope: "PROJECT" }
    : { businessId: scope, scope: "CMDB_BIZ" };
}

/** What normalising needs beside the row itself. */
export interface SopsReading {
  readonly place: SopsPlace;
  readonly meanings: SopsMeanings;
  readonly withChildren: boolean;
}

/**
 * @param row one item of `data`
 * @param status its `status`
 * @param rawState the state word in it
 */
export function normalizeSopsTask(
  row: WireObject,
  status: WireObject,
  rawState: string,
  { place, meanings, withChildren }: SopsReading,
): SopsTaskState {
  const endedAt = readSopsTime(row.finish_time);
  const reading = readStatus(rawState, endedAt === null ? meanings.ofOpen : meanings.ofEnded);
  const name = readFilledText(row.name);
  const children = withChildren ? childrenOf(status, reading.status === "EXPIRED", meanings) : notAskedFor;
  return {
    ...reading,
    name,
    createdAt: readSopsTime(row.create_time),
    startedAt: timeOf("start_time", row, status),
    finishedAt: endedAt ?? timeOf("finish_time", row, status),
    elapsedSeconds: readElapsedSeconds(status),
    progress: null,
    failure: reading.status === "FAILED" ? unexplainedFailure(!reading.isTerminal) : null,
    webUrl: readWebUrl(row.url),
    // Written out, for every row: spread into the middle of an object they cost as much as all other fields.
    businessId: place.businessId,
    scope: place.scope,
    flowType: readFilledText(row.flow_type),
    currentStep: readFilledText(row.current_flow),
    isDeleted: readBoolean(row.is_deleted),
    rootNode: rootNodeOf(status, name, meanings.ofOpen),
    nodes: children.nodes,
    hasIgnoredErrors: children.hasIgnoredErrors,
  };
}

/** Item and status differ by a second; the item decides, also when it says "unset". */
function timeOf(key: "start_time" | "finish_time", row: WireObject, status: WireObject): EpochMs | null {
  return readSopsTime(row[key] === undefined ? status[key] : row[key]);
}

/** This API gives no failure text. */
const unexplainedFailure = (recoverable: boolean): TaskFailure => ({ code: null, message: null, recoverable });

const notAskedFor = { nodes: null, hasIgnoredErrors: null };

function childrenOf(
  status: WireObject,
  isExpired: boolean,
  meanings: SopsMeanings,
): Pick<SopsTaskState, "nodes" | "hasIgnoredErrors"> {
  const { nodes, hasIgnoredErrors, isCut } = flattenNodes(status, meanings.ofOpen);
  const isKnown = hasIgnoredErrors || (!isCut && !isExpired);
  return { nodes, hasIgnoredErrors: isKnown ? hasIgnoredErrors : null };
}
