import { refusalByCodedStatus } from "../huawei-auth/errors.ts";
import { type Refusal, refusalByStatus } from "../shared/refusal.ts";

/** User authentication, service authentication, token parsing. */
export const dliTokenTroubleCodes: ReadonlySet<string> = new Set(["DLI.0013", "DLI.0014", "DLI.0015"]);

const notFound: Refusal = { code: "NOT_FOUND" };
const notPermitted: Refusal = { code: "FORBIDDEN" };
const troubleOfItsOwn: Refusal = { code: "UPSTREAM_ERROR", retryable: true, again: "transient" };

/**
 * HTTP 400 tells nothing here: time-outs, server errors, permissions and missing batches all come under it, so the code
 * decides. Which of its codes stands for a missing batch differs between the vendor's pages; for an id of the right form
 * each of them can mean nothing else.
 */
const refusalsByCode: ReadonlyMap<string, Refusal> = new Map(
  Object.entries({
    "DLI.0001": notFound,
    "DLI.0002": notFound,
    "DLI.0003": notPermitted,
    "DLI.0008": notFound,
    "DLI.0011": notPermitted,
    "DLI.0012": troubleOfItsOwn,
    "DLI.0016": notPermitted,
    "DLI.0019": { code: "TIMEOUT", again: "transient" },
    "DLI.0023": notFound,
    "DLI.0100": notFound,
    "DLI.0999": troubleOfItsOwn,
  }),
);

export function dliRefusal(status: number, errorCode: string | null): Refusal {
  if (errorCode === null) return refusalByStatus(status);
  return refusalsByCode.get(errorCode) ?? refusalOfOtherCode(status, errorCode);
}

/** A code of this API says what is wrong with credentials in the table above; whatever else stands under 401 is about something else. */
function refusalOfOtherCode(status: number, errorCode: string): Refusal {
  const isOwnCode = errorCode.startsWith("DLI.");
  return isOwnCode && status === 401 ? { code: "UPSTREAM_ERROR", retryable: false } : refusalByCodedStatus(status);
}
