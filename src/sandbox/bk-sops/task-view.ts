import { applyRowFaults, type IdentifiedRow } from "../row-faults.ts";
import type { SandboxResponse } from "../upstream.ts";
import { findProject, type Project } from "./projects.ts";
import { type CreatedStatus, contradict, newCreatedStatus, type SopsRow } from "./rows.ts";
import type { SopsSwitches } from "./switches.ts";

const MAX_IDS_PER_CALL = 50;
const CACHE_MS = 10_000;
const MAX_CACHED_ANSWERS = 1024;
const TRUE_WORDS: readonly unknown[] = [true, 1, "1", "true", "True", "TRUE", "t", "y", "yes", "on"];
const FALSE_WORDS: readonly unknown[] = [false, 0, "0", "false", "False", "FALSE", "f", "n", "no", "off"];

/** What bk-sops itself gets to see, behind either gateway. */
export interface ViewCall {
  /** Business or project id, digits. */
  readonly targetId: string;
  readonly username: string;
  /** The body as received, already parsed; undefined when it is no JSON, null when there is none. */
  readonly params: unknown;
}

/** Where the rows come from. */
export interface RowSource {
  /** Id descending, one per existing id of the project; unknown and foreign ids are left out. */
  rows(
    project: Project,
    ids: readonly string[],
    withChildren: boolean,
    created: CreatedStatus,
  ): IdentifiedRow<SopsRow>[];
  /** Rows of tasks that nobody asked for. */
  others(asked: readonly string[], count: number): readonly SopsRow[];
}

/** A body of bk-sops before its trace id; `http500` is an exception that nobody caught. */
export type ViewAnswer = Readonly<Record<string, unknown>> | "http500";

/** The view `get_tasks_status` with what stands before it: project and permission are checked outside the cache. */
export interface TaskView {
  answer(call: ViewCall): ViewAnswer;
  clearCaches(): void;
}

interface ServerProcess {
  readonly cache: Map<string, { readonly at: number; readonly answer: ViewAnswer }>;
  readonly created: CreatedStatus;
}

export function createTaskView(source: RowSource, switches: SopsSwitches, now: () => number): TaskView {
  let processes: ServerProcess[] = [];
  let callCount = 0;

  const nextProcess = (): ServerProcess => {
    const index = callCount % Math.max(1, switches.processes);
    callCount += 1;
    processes[index] ??= { cache: new Map(), created: newCreatedStatus() };
    return processes[index];
  };

  return {
    answer(call) {
      const checked = checkCall(call, switches);
      if (!isChecked(checked)) return checked;
      const server = nextProcess();
      const key = cacheKey(call, checked.params);
      const cached = server.cache.get(key);
      if (cached !== undefined && now() - cached.at < CACHE_MS) return cached.answer;
      const answer = view(checked, source, switches, server.created);
      if (answer !== "http500") remember(server.cache, key, { at: now(), answer });
      return answer;
    },
    clearCaches() {
      processes = [];
      callCount = 0;
    },
  };
}

interface CheckedCall {
  readonly project: Project;
  readonly params: Readonly<Record<string, unknown>>;
}

function isChecked(checked: CheckedCall | ViewAnswer): checked is CheckedCall {
  return typeof checked === "object" && "project" in checked;
}

function checkCall({ targetId, params }: ViewCall, switches: SopsSwitches): CheckedCall | ViewAnswer {
  if (params === null) return "http500";
  if (typeof params !== "object" || Array.isArray(params)) return failure(3540000, "invalid param format");
  const record = params as Record<string, unknown>;
  const scope = record.scope ?? "cmdb_biz";
  const project = findProject(targetId, scope);
  if (project === undefined) {
    return failure(3540400, `project(${targetId}) with scope(${String(scope)}) does not exist.`);
  }
  if (switches.viewDenied.includes(project.scopeKey)) {
    const message = "iam authentication exception, please check, action:project_view";
    return { result: false, data: null, message, code: 3599999 };
  }
  return { project, params: record };
}

function view(call: CheckedCall, source: RowSource, switches: SopsSwitches, created: CreatedStatus): ViewAnswer {
  const { project, params } = call;
  const list = params.task_id_list ?? [];
  if (!Array.isArray(list)) return failure(3540000, "task_id_list must be a list");
  if (list.length > MAX_IDS_PER_CALL) {
    return failure(3540000, `task_id_list length must be less than or equal to ${MAX_IDS_PER_CALL}`);
  }
  const withChildren = params.include_children_status ?? false;
  if (!TRUE_WORDS.includes(withChildren) && !FALSE_WORDS.includes(withChildren)) {
    return failure(3540000, { include_children_status: ["Must be a valid boolean."] });
  }

  const ids = list.map(taskIdText);
  if (ids.includes(null)) return "http500";
  const asked = [...new Set(ids.filter((id) => id !== null))];
  const rows = source.rows(project, asked, TRUE_WORDS.includes(withChildren), created);
  if (rows.some(({ id }) => switches.poisonIds.includes(id))) {
    if (switches.poisonForm === "http-500") return "http500";
    return { result: false, data: {}, message: switches.poisonText, code: 3599999 };
  }
  const others = (count: number): readonly SopsRow[] => source.others(asked, count);
  const data = applyRowFaults(inRowOrder(rows, asked, switches), switches, contradict, others);
  return { result: true, data, code: 0 };
}

/** What the server takes for a task id; null raises an exception there. */
function taskIdText(id: unknown): string | null {
  if (typeof id === "number" && Number.isInteger(id)) return String(id);
  return typeof id === "string" && /^[0-9]+$/.test(id) ? String(BigInt(id)) : null;
}

function inRowOrder(
  rows: readonly IdentifiedRow<SopsRow>[],
  asked: readonly string[],
  switches: SopsSwitches,
): readonly IdentifiedRow<SopsRow>[] {
  const byId = new Map(rows.map((row) => [row.id.slice(row.id.indexOf("/") + 1), row]));
  const ids = switches.rowOrder === "request" ? asked : asked.toSorted(byNumber);
  const ordered = switches.rowOrder === "descending" ? ids.toReversed() : ids;
  return ordered.map((id) => byId.get(id)).filter((row) => row !== undefined);
}

function byNumber(left: string, right: string): number {
  const difference = BigInt(left) - BigInt(right);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function failure(code: number, message: unknown): ViewAnswer {
  return { result: false, message, code };
}

/** Path, user, and the parameters sorted by name; the order of the ids counts. */
function cacheKey({ targetId, username }: ViewCall, params: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(params).sort(([left], [right]) => (left < right ? -1 : 1));
  return `/get_tasks_status/${targetId}/ ${username} ${JSON.stringify(sorted)}`;
}

function remember<Value>(cache: Map<string, Value>, key: string, value: Value): void {
  cache.delete(key);
  cache.set(key, value);
  const oldest = cache.keys().next();
  if (cache.size > MAX_CACHED_ANSWERS && oldest.done !== true) cache.delete(oldest.value);
}

export function http500(switches: SopsSwitches): SandboxResponse {
  if (switches.http500Body === "html") {
    const body = "<!DOCTYPE html><html><head><title>Server Error (500)</title></head><body></body></html>";
    return { status: 500, headers: { "content-type": "text/html" }, body };
  }
  return { status: 500, body: { result: false, code: "50000", message: "system error", data: null } };
}
