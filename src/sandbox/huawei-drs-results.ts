import { hashToFraction } from "./hash-to-fraction.ts";
import { DRS_ROW_KEYS, type DrsRead, type DrsRow, deletedRow, unknownRow } from "./huawei-drs-rows.ts";
import type { HuaweiDrsSwitches, UnknownIdForm } from "./huawei-drs-switches.ts";
import { applyRowFaults, type IdentifiedRow } from "./row-faults.ts";
import type { SandboxResponse } from "./upstream.ts";

/** What the emulator looks up for an answer. */
export interface DrsRowSource {
  /** The row of a job, by lower-case id; null when there is no such job. */
  rowOf(read: DrsRead, id: string): DrsRow | null;
  /** Ids of all jobs of the project, lower case. */
  readonly ids: readonly string[];
}

export interface DrsAnswerPlan {
  readonly read: DrsRead;
  readonly pageIds: readonly string[];
  /** How many ids the whole request has. */
  readonly requestTotal: number;
}

interface Lookup {
  /** As asked. */
  readonly id: string;
  readonly row: DrsRow | null;
}

/** The answer for the ids of one page, with everything that switches may do to it. */
export function answerResults(plan: DrsAnswerPlan, source: DrsRowSource, switches: HuaweiDrsSwitches): SandboxResponse {
  const lookups = plan.pageIds.map((id) => ({ id, row: source.rowOf(plan.read, id.toLowerCase()) }));
  const form = unknownIdForm(plan.read, switches);
  const unknown = lookups.filter(({ row }) => row === null).length;
  const isMixed = unknown > 0 && unknown < lookups.length;

  if (isMixed && switches.mixedIds !== "known-rows") return refuseMixed(plan, lookups, source, switches);
  const refusesAll = unknown > 0 && !isMixed && isCode(form);
  const rows = lookups.map((lookup) => identified(lookup, rowForLookup(plan.read, lookup, form, refusesAll)));
  const status = refusesAll ? 400 : plan.read === "batch-progress" ? switches.progressStatus : 200;
  return resultsAnswer(status, plan, rows, source, switches);
}

function unknownIdForm(read: DrsRead, switches: HuaweiDrsSwitches): UnknownIdForm {
  if (read === "batch-progress") return switches.unknownInProgress;
  return read === "batch-detail" ? switches.unknownInDetail : switches.unknownInStatus;
}

/** A form that is a code refuses the call when nothing in it is known; beside known rows such an id is left out. */
function rowForLookup(read: DrsRead, lookup: Lookup, form: UnknownIdForm, refusesAll: boolean): DrsRow | null {
  if (lookup.row !== null) return lookup.row;
  if (form === "deleted") return deletedRow(read, lookup.id);
  if (form === "error-row" || refusesAll) return unknownRow(read, lookup.id, codeOf(form));
  return null;
}

function refuseMixed(
  plan: DrsAnswerPlan,
  lookups: readonly Lookup[],
  source: DrsRowSource,
  switches: HuaweiDrsSwitches,
): SandboxResponse {
  const code = codeOf(unknownIdForm(plan.read, switches));
  if (switches.mixedIds === "400-without") {
    return { status: 400, body: { error_code: code, error_msg: "One of the jobs does not exist." } };
  }
  const told = switches.mixedIds === "400-with-unknown-rows" ? lookups.filter(({ row }) => row === null) : lookups;
  const rows = told.map((lookup) => identified(lookup, lookup.row ?? unknownRow(plan.read, lookup.id, code)));
  return resultsAnswer(400, plan, rows, source, switches);
}

function resultsAnswer(
  status: number,
  plan: DrsAnswerPlan,
  rows: readonly IdentifiedRow<DrsRow | null>[],
  source: DrsRowSource,
  switches: HuaweiDrsSwitches,
): SandboxResponse {
  const present = rows.filter((each): each is IdentifiedRow<DrsRow> => each.row !== null);
  const results = applyRowFaults(
    ordered(present, switches),
    switches,
    (row) => contradicted(plan.read, row),
    (count) => foreignRows(plan, source, count),
  );
  return { status, body: { results, count: switches.count === "rows" ? results.length : plan.requestTotal } };
}

function ordered<Row>(rows: readonly IdentifiedRow<Row>[], switches: HuaweiDrsSwitches): readonly IdentifiedRow<Row>[] {
  if (switches.rowOrder === "reversed") return rows.toReversed();
  if (switches.rowOrder === "request") return rows;
  const place = (id: string): number => hashToFraction(`${switches.shuffleSeed}/${id}`);
  return rows.toSorted((a, b) => place(a.id) - place(b.id));
}

function contradicted(read: DrsRead, row: DrsRow): DrsRow {
  const { status } = DRS_ROW_KEYS[read];
  return { ...row, [status]: row[status] === "CREATING" ? "FULL_TRANSFER_STARTED" : "CREATING" };
}

function foreignRows(plan: DrsAnswerPlan, source: DrsRowSource, count: number): readonly DrsRow[] {
  const asked = new Set(plan.pageIds.map((id) => id.toLowerCase()));
  const others = source.ids.filter((id) => !asked.has(id)).slice(0, count);
  return others.map((id) => source.rowOf(plan.read, id)).filter((row) => row !== null);
}

function identified(lookup: Lookup, row: DrsRow | null): IdentifiedRow<DrsRow | null> {
  return { id: lookup.id.toLowerCase(), row };
}

function isCode(form: UnknownIdForm): boolean {
  return form.startsWith("DRS.");
}

function codeOf(form: UnknownIdForm): string {
  return isCode(form) ? form : "DRS.M00289";
}
