import type { IdentifiedRow } from "../row-faults.ts";
import type { Project } from "./projects.ts";
import { type CreatedStatus, newCreatedStatus, type SopsRow, sopsRow, stateOf, withOverrides } from "./rows.ts";
import type { SopsSwitches } from "./switches.ts";
import type { RowSource } from "./task-view.ts";
import { SOPS_TASKS, type SopsTask } from "./tasks.ts";

/** The business in which the three tasks of the sample live. */
export const SAMPLE_SCOPE_KEY = "2";

export interface SopsRows extends RowSource {
  /** Every task that may be viewed, with the row it would have alone in an answer. */
  all(): readonly HeldRow[];
  /** Whether an answer consists of rows of the sample alone. */
  isSample(data: unknown): boolean;
}

export interface HeldRow {
  readonly scopeKey: string;
  readonly upstreamId: string;
  readonly rawStatus: string;
  readonly row: SopsRow;
}

type HeldTask = { readonly scopeKey: string; readonly upstreamId: string } & (
  | { readonly made: SopsTask }
  | { readonly sampleRow: SopsRow }
);

/** The made-up tasks and those of the sample, whose rows are served unchanged. */
export function createSopsRows(
  sample: unknown,
  startedAt: number,
  now: () => number,
  switches: SopsSwitches,
): SopsRows {
  const sampleRows: readonly SopsRow[] = (sample as { data: SopsRow[] }).data;
  const held = holdTasks(sampleRows);

  const rowOf = (task: HeldTask, withChildren: boolean, createdStatus: CreatedStatus): SopsRow => {
    const context = { startedAt, now: now(), withChildren, switches, createdStatus };
    const row = "made" in task ? sopsRow(task.made, context) : task.sampleRow;
    return withOverrides(row, task.upstreamId, switches);
  };

  return {
    rows({ scopeKey }: Project, ids, withChildren, created): IdentifiedRow<SopsRow>[] {
      // Id descending, as the server reads them: that decides whose name the shared CREATED object ends with.
      return ids
        .toSorted((left, right) => (BigInt(left) < BigInt(right) ? 1 : -1))
        .map((id) => held.get(`${scopeKey}/${id}`))
        .filter((task) => task !== undefined)
        .map((task) => ({ id: task.upstreamId, row: rowOf(task, withChildren, created) }));
    },
    others(asked, count) {
      const askedIds = new Set(asked);
      return [...held.values()]
        .filter((task) => !askedIds.has(plainId(task.upstreamId)))
        .slice(0, count)
        .map((task) => rowOf(task, false, newCreatedStatus()));
    },
    all: () =>
      [...held.values()]
        .filter(({ scopeKey }) => !switches.viewDenied.includes(scopeKey))
        .map((task) => {
          const row = rowOf(task, false, newCreatedStatus());
          return { scopeKey: task.scopeKey, upstreamId: task.upstreamId, rawStatus: String(stateOf(row)), row };
        }),
    isSample: (data) => Array.isArray(data) && data.length > 0 && data.every((row) => sampleRows.includes(row)),
  };
}

function holdTasks(sampleRows: readonly SopsRow[]): ReadonlyMap<string, HeldTask> {
  const samples = sampleRows.map((sampleRow): HeldTask => {
    return { scopeKey: SAMPLE_SCOPE_KEY, upstreamId: `${SAMPLE_SCOPE_KEY}/${String(sampleRow.id)}`, sampleRow };
  });
  const made = SOPS_TASKS.map((task): HeldTask => {
    return { scopeKey: task.scopeKey, upstreamId: task.upstreamId, made: task };
  });
  return new Map([...samples, ...made].map((task) => [task.upstreamId, task]));
}

function plainId(upstreamId: string): string {
  return upstreamId.slice(upstreamId.indexOf("/") + 1);
}
