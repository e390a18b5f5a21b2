import type { ReceivedResponse } from "../../http/exchange.ts";
import { parseRetryAfter } from "../../http/retry-after.ts";
import { malformedAnswer, type Refusal, refusalByStatus } from "../shared/refusal.ts";

const authFailed: Refusal = { code: "AUTH_FAILED" };
const forbidden: Refusal = { code: "FORBIDDEN" };

/** The token is invalid, expired or malformed: another one may do. */
const tokenTroubleCodes: ReadonlySet<string> = new Set(["99991663", "99991664", "99991671"]);

const refusalsByCode: ReadonlyMap<string, Refusal> = new Map(
  Object.entries({
    "99991663": authFailed,
    "99991664": authFailed,
    "99991671": authFailed,
    "99991661": authFailed,
    "99991665": authFailed,
    "99991666": authFailed,
    "99991668": authFailed,
    "99991677": authFailed,
    "99991543": authFailed,
    "99991672": forbidden,
    "99991676": forbidden,
    "99991673": forbidden,
    "99991662": forbidden,
    // Under HTTP 429 as well as 400.
    "99991400": { code: "RATE_LIMITED", again: "throttled" },
  }),
);

/** Codes of the token endpoint alone, often under HTTP 200: a bad parameter or secret. */
const refusalsByTokenCode: ReadonlyMap<string, Refusal> = new Map([
  ...refusalsByCode,
  ["10003", authFailed],
  ["10013", authFailed],
  ["10014", authFailed],
  ["10015", authFailed],
]);

const otherCode: Refusal = { code: "UPSTREAM_ERROR", retryable: false };

/** What an answer to a task call means that is no success. A code decides, under whatever status it comes. */
export function refusalByCode(code: string | null, status: number): Refusal {
  return refusalOf(refusalsByCode, code, status);
}

/** The same for an answer of the token endpoint. */
export function refusalByTokenCode(code: string | null, status: number): Refusal {
  return refusalOf(refusalsByTokenCode, code, status);
}

export function isTokenTrouble(code: string | null): boolean {
  return code !== null && tokenTroubleCodes.has(code);
}

/** The wait that the gateway asks for: `x-ogw-ratelimit-reset`, seconds. */
export function rateLimitWaitMs(headers: ReceivedResponse["headers"], now: number): number | undefined {
  return parseRetryAfter(headers["x-ogw-ratelimit-reset"], now) ?? parseRetryAfter(headers["retry-after"], now);
}

function refusalOf(table: ReadonlyMap<string, Refusal>, code: string | null, status: number): Refusal {
  const known = code === null ? undefined : table.get(code);
  if (known) return known;
  if (status >= 500 || (status >= 300 && (code === null || code === "0"))) return refusalByStatus(status);
  return code === null || code === "0" ? malformedAnswer : otherCode;
}
