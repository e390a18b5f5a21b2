import type { TaskLife } from "../task-life.ts";
import { exactInteger } from "./exact-json.ts";
import { formatTime } from "./format-time.ts";
import type { SopsSwitches } from "./switches.ts";
import { finishedAt, startedStatus } from "./task-status.ts";
import { type SopsTask, sopsTaskLife } from "./tasks.ts";

/** One entry of `data`. Parts of it may be shared between rows, see `CreatedStatus`. */
export type SopsRow = Readonly<Record<string, unknown>>;

/** The object that one server process uses for every task that was never started. */
export type CreatedStatus = Record<string, unknown>;

export function newCreatedStatus(): CreatedStatus {
  return { start_time: null, state: "CREATED", retry: 0, skip: 0, finish_time: null, elapsed_time: 0, children: {} };
}

export interface RowContext {
  readonly startedAt: number;
  readonly now: number;
  readonly withChildren: boolean;
  readonly switches: SopsSwitches;
  readonly createdStatus: CreatedStatus;
}

/** The row of a made-up task at this moment. Writes into the shared object, as the server does. */
export function sopsRow(task: SopsTask, context: RowContext): SopsRow {
  const { startedAt, now, switches } = context;
  const life = sopsTaskLife(task, startedAt, now);
  const time = (at: number | null): string => (at === null ? "" : formatTime(at, switches.utcOffset));
  return {
    id: exactInteger(task.id),
    name: task.name,
    status: statusOf(task, life, context),
    flow_type: "common",
    current_flow: currentFlow(life),
    is_deleted: task.isDeleted,
    create_time: time(life.createdAt),
    start_time: time(life.startedAt),
    finish_time: time(finishedAt(life)),
    url: `https://bk-sops.example.com/taskflow/execute/${task.scopeKey}/?instance_id=${task.id}`,
  };
}

/** What a test or an operator changed about one row; the very row when that is nothing. */
export function withOverrides(row: SopsRow, upstreamId: string, switches: SopsSwitches): SopsRow {
  const { idType, statusOverrides, rowPatches } = switches;
  const isChanged = [statusOverrides, rowPatches].some((changes) => Object.hasOwn(changes, upstreamId));
  if (idType === "number" && !isChanged) return row;
  const id = idType === "text" ? { id: upstreamId.slice(upstreamId.indexOf("/") + 1) } : {};
  const status = Object.hasOwn(statusOverrides, upstreamId)
    ? { status: withState(row, statusOverrides[upstreamId]) }
    : {};
  return { ...row, ...id, ...status, ...rowPatches[upstreamId] };
}

/** The row again, with another state. */
export function contradict(row: SopsRow): SopsRow {
  return { ...row, status: withState(row, stateOf(row) === "FINISHED" ? "FAILED" : "FINISHED") };
}

/** The state word; a patched row may have none. */
export function stateOf(row: SopsRow): unknown {
  return (row.status as { state?: unknown } | null)?.state;
}

function withState(row: SopsRow, state: unknown): unknown {
  return { ...(row.status as object), state };
}

function statusOf(task: SopsTask, life: TaskLife, context: RowContext): unknown {
  if (task.isExpired) return { state: "EXPIRED", name: task.name };
  const { startedAt } = life;
  if (startedAt !== null) {
    return startedStatus(task, { ...life, startedAt }, context.now, context.withChildren, context.switches);
  }
  const { createdStatus } = context;
  createdStatus.name = task.name;
  if (!context.withChildren) delete createdStatus.children;
  return createdStatus;
}

function currentFlow(life: TaskLife): string {
  return finishedAt(life) === null ? "execute_task" : "finished";
}
