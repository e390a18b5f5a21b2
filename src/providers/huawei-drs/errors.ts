import { refusalByCodedStatus, refusalByGateway } from "../huawei-auth/errors.ts";
import { type Refusal, refusalByStatus } from "../shared/refusal.ts";

export const drsTokenTroubleCodes: ReadonlySet<string> = new Set(["DRS.M00100"]);

/** "Only one job id allowed." */
const singlesOnlyCode = "DRS.M00299";

/** Nobody gives the time to wait after "operation too frequent". */
export const tooFrequentWaitMs = 1_000;

const notFound: Refusal = { code: "NOT_FOUND" };
const notPermitted: Refusal = { code: "FORBIDDEN" };
const outOfOrder: Refusal = { code: "UPSTREAM_UNAVAILABLE", again: "transient" };
const refusedParameter: Refusal = { code: "INVALID_ID" };
const plainError: Refusal = { code: "UPSTREAM_ERROR", retryable: false };

/**
 * The HTTP status under a code says little: a missing role comes as 404, a permission as 401, "too frequent" as 400 and
 * "busy" as 202, so the code decides.
 */
const refusalsByCode: ReadonlyMap<string, Refusal> = new Map(
  Object.entries({
    "DRS.M00002": notFound,
    "DRS.M00004": outOfOrder,
    "DRS.M00007": refusedParameter,
    "DRS.M00100": { code: "AUTH_FAILED" },
    "DRS.M00101": notPermitted,
    "DRS.M00102": notPermitted,
    "DRS.M00103": notPermitted,
    "DRS.M00105": notPermitted,
    "DRS.M00200": refusedParameter,
    "DRS.M00201": refusedParameter,
    "DRS.M00202": refusedParameter,
    "DRS.M00210": plainError,
    "DRS.M00211": plainError,
    "DRS.M00261": notPermitted,
    "DRS.M00289": notFound,
    "DRS.M00299": plainError,
    "DRS.M00300": refusedParameter,
    "DRS.M00301": plainError,
    "DRS.M00305": refusedParameter,
    "DRS.M01501": outOfOrder,
    "DRS.M01503": { code: "RATE_LIMITED", again: "throttled" },
    "DRS.M01504": outOfOrder,
    "DRS.M05003": notFound,
    "DRS.M05004": notFound,
  }),
);

/** What a refusal of a whole call means for the jobs it asked for. */
export function drsRefusal(status: number, errorCode: string | null, jobs: number): Refusal {
  const code = foldCode(errorCode);
  const known = refusalsByCode.get(code ?? "");
  const refusal = known ?? (code === null ? refusalByStatus(status) : refusalOfOtherCode(status, code));
  return jobs > 1 ? refusalOfSeveral(refusal, known !== undefined, status) : refusal;
}

/** The status under a code of DRS says little, so a code that no table knows is no more than an error. */
function refusalOfOtherCode(status: number, code: string): Refusal {
  if (!code.startsWith("DRS.")) return refusalByCodedStatus(status);
  return status >= 500 ? { code: "UPSTREAM_ERROR", retryable: true, again: "transient" } : plainError;
}

/**
 * A missing job or a refused parameter need be true of one of them only, and so need an HTTP 400 that no table explains:
 * halves tell which.
 */
function refusalOfSeveral(refusal: Refusal, isKnown: boolean, status: number): Refusal {
  if (refusal.code === "NOT_FOUND") return { code: "NOT_RETURNED", divisible: true };
  if (refusal.code === "INVALID_ID") return { code: "UPSTREAM_ERROR", retryable: false, divisible: true };
  return !isKnown && status === 400 ? { ...refusal, divisible: true } : refusal;
}

/** The same table, for a row that has a code instead of a status. */
export function drsRowRefusal(errorCode: string): Refusal {
  return refusalsByCode.get(foldCode(errorCode) ?? "") ?? refusalByGateway(200, errorCode) ?? plainError;
}

export function allowsSinglesOnly(errorCode: string | null): boolean {
  return foldCode(errorCode) === singlesOnlyCode;
}

/** Very old pages write `DRS-M…`. */
function foldCode(errorCode: string | null): string | null {
  return errorCode?.replace(/^DRS-/, "DRS.") ?? null;
}
