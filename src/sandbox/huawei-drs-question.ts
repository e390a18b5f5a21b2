import type { DrsRead } from "./huawei-drs-rows.ts";
import type { HuaweiDrsSwitches } from "./huawei-drs-switches.ts";

/** HTTP status and code: `400 DRS.M00301`. */
export type DrsRefusal = `${number} DRS.${string}`;

export type DrsQuestion =
  | { readonly kind: "refused"; readonly refusal: DrsRefusal }
  /** `ids`: all that were sent, as written. `pageIds`: those of the page asked for. */
  | { readonly kind: "accepted"; readonly ids: readonly string[]; readonly pageIds: readonly string[] };

type Fields = Readonly<Record<string, unknown>>;

const ID_FORM = /^[0-9a-z]{8}(-[0-9a-z]{4}){3}-[0-9a-z]{12}$/i;
const DEFAULT_ROWS_PER_PAGE = 5;
const MAX_ROWS_PER_PAGE = 100;

/** The texts in `jobs`, as written; none when the body cannot be read. */
export function idsAsWritten(body: Buffer): readonly string[] {
  const jobs = readFields(body)?.jobs;
  return Array.isArray(jobs) ? jobs.filter((id) => typeof id === "string") : [];
}

/** Reads the body of one of the three reads and refuses what the vendor refuses. */
export function readQuestion(body: Buffer, read: DrsRead, switches: HuaweiDrsSwitches): DrsQuestion {
  const fields = readFields(body);
  const jobs = fields?.jobs;
  if (!Array.isArray(jobs) || jobs.length === 0) return refused("400 DRS.M00201");
  const ids = jobs.filter((id) => typeof id === "string" && ID_FORM.test(id));
  if (ids.length < jobs.length) return refused("400 DRS.M00200");

  const refusal = refusalOfIds(ids, read, switches);
  if (refusal !== null) return refused(refusal);
  if (read === "batch-progress") return { kind: "accepted", ids, pageIds: ids };
  return cutPage(ids, fields?.page_req, switches);
}

function refusalOfIds(ids: readonly string[], read: DrsRead, switches: HuaweiDrsSwitches): DrsRefusal | null {
  const folded = ids.map((id) => id.toLowerCase());
  if (new Set(folded).size < folded.length) return "400 DRS.M00301";
  if (switches.idLimit !== null && ids.length > switches.idLimit) {
    return switches.idLimit === 1 ? "400 DRS.M00299" : "400 DRS.M00202";
  }
  const { detailIdLimit } = switches;
  if (read === "batch-detail" && detailIdLimit !== null && ids.length > detailIdLimit) return "400 DRS.M00202";
  return folded.some((id) => switches.poisonIds.includes(id)) ? switches.poisonCode : null;
}

/** Pages count the ids of the request. Five per page also when no page is asked for; zero per page is all. */
function cutPage(ids: readonly string[], pageRequest: unknown, switches: HuaweiDrsSwitches): DrsQuestion {
  const fields = fieldsOf(pageRequest ?? {});
  const page = fields?.cur_page ?? 1;
  const perPage = fields?.per_page ?? DEFAULT_ROWS_PER_PAGE;
  if (fields === null || !isInteger(page) || !isInteger(perPage)) return refused("400 DRS.M00202");
  if (perPage < 0 || perPage > MAX_ROWS_PER_PAGE) return refused("400 DRS.M00202");
  if (page === 0 && switches.curPageZero === "all-rows") return { kind: "accepted", ids, pageIds: ids };
  if (page < 1) return refused("400 DRS.M00210");

  const rows = rowsPerPage(perPage, ids.length, switches);
  if (page > Math.ceil(ids.length / rows)) return refused("400 DRS.M00211");
  return { kind: "accepted", ids, pageIds: ids.slice((page - 1) * rows, page * rows) };
}

function rowsPerPage(perPage: number, total: number, switches: HuaweiDrsSwitches): number {
  if (switches.pageCap === "always-five") return DEFAULT_ROWS_PER_PAGE;
  return perPage === 0 ? total : perPage;
}

function refused(refusal: DrsRefusal): DrsQuestion {
  return { kind: "refused", refusal };
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function readFields(body: Buffer): Fields | null {
  try {
    return fieldsOf(JSON.parse(body.toString("utf8")));
  } catch {
    return null;
  }
}

function fieldsOf(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}
