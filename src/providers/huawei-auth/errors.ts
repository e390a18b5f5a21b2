import { type Refusal, refusalByStatus } from "../shared/refusal.ts";
import { gatewayCodeOf } from "./wire.ts";

const notPermitted: Refusal = { code: "FORBIDDEN" };
const outOfOrder: Refusal = { code: "UPSTREAM_UNAVAILABLE", again: "transient" };

/** Vendor signing guide, "Error Codes". `0201` stands under many statuses and means what the status means. */
const refusalsByGatewayCode: ReadonlyMap<string, Refusal> = new Map(
  Object.entries({
    "0101": { code: "UPSTREAM_ERROR", retryable: false },
    "0301": { code: "AUTH_FAILED" },
    "0302": notPermitted,
    "0305": { code: "AUTH_FAILED" },
    "0306": notPermitted,
    "0307": { code: "AUTH_FAILED" },
    "0308": { code: "RATE_LIMITED", again: "throttled" },
    "0310": notPermitted,
    "0601": outOfOrder,
    "0610": outOfOrder,
    "0613": outOfOrder,
    "0802": notPermitted,
  }),
);

/**
 * What the gateway says before the service sees the call.
 *
 * @returns null when it was not the gateway that answered
 */
export function refusalByGateway(status: number, errorCode: string | null): Refusal | null {
  const code = gatewayCodeOf(errorCode);
  if (code === null) return null;
  return refusalsByGatewayCode.get(code) ?? refusalByCodedStatus(status);
}

/** A code that no table knows: the status speaks, and under a 2xx it is a refusal all the same. */
export function refusalByCodedStatus(status: number): Refusal {
  return status < 300 ? { code: "UPSTREAM_ERROR", retryable: false } : refusalByStatus(status);
}

/**
 * Who did not like our credentials.
 *
 * - `gateway`: a token or a signature was refused
 * - `service`: the service behind the gateway refused a token that the gateway let through
 * - `unexplained`: HTTP 401 without any code
 */
export type CredentialTrouble = "gateway" | "service" | "unexplained";

const gatewayTroubleCodes: ReadonlySet<string> = new Set(["0301", "0305", "0307"]);
const iamTroubleCodes: ReadonlySet<string> = new Set(["IAM.0066", "IAM.0067"]);

export function credentialTroubleOf(
  status: number,
  errorCode: string | null,
  serviceCodes: ReadonlySet<string>,
): CredentialTrouble | null {
  if (errorCode === null) return status === 401 ? "unexplained" : null;
  if (gatewayTroubleCodes.has(gatewayCodeOf(errorCode) ?? "")) return "gateway";
  if (iamTroubleCodes.has(errorCode)) return "gateway";
  return serviceCodes.has(errorCode) ? "service" : null;
}

/** The answer of the token endpoint when it gives no token; every id of the account fails with it. */
export function refusalByIam(status: number): Refusal {
  if (status === 400 || status === 401 || status === 403) return { code: "AUTH_FAILED" };
  // Not repeated within the call: the hold on the identity does the waiting, for all accounts of the user.
  if (status === 429) return { code: "RATE_LIMITED" };
  return status >= 500 ? outOfOrder : refusalByStatus(status);
}

/** No answer at all, whatever the reason. */
export const iamUnreachable: Refusal = outOfOrder;
