import type { ReceivedResponse } from "../../http/exchange.ts";
import { parseRetryAfter } from "../../http/retry-after.ts";
import { malformedAnswer, type Refusal, refusalByStatus } from "../shared/refusal.ts";
import type { SopsAnswer } from "./wire.ts";

/** A row of the error table, and how long to wait where the upstream does not say it. */
export interface SopsRefusal extends Refusal {
  readonly waitMs?: number;
}

/** The server keeps failures like answers: before that time the same list gets the same failure. */
const failuresCachedForMs = 10_000;

const authFailed: SopsRefusal = { code: "AUTH_FAILED" };
const forbidden: SopsRefusal = { code: "FORBIDDEN" };
const brokenCall: SopsRefusal = { code: "UPSTREAM_ERROR", retryable: false };
const cachedFailure: SopsRefusal = { code: "UPSTREAM_ERROR", retryable: true, waitMs: failuresCachedForMs };
const throttled: SopsRefusal = { code: "RATE_LIMITED", again: "throttled" };
const unavailable: SopsRefusal = { code: "UPSTREAM_UNAVAILABLE", again: "transient" };

/** One task that cannot be read fails the whole call. Never repeated as it is, only in halves. */
const unreadableTask: SopsRefusal = { ...cachedFailure, divisible: true };

/** An exception that nobody caught, which one task of the call may have raised. */
const crashed: SopsRefusal = { ...unavailable, divisible: true };

/** bk-sops (354…, 355…, 359…), its error middleware (50000), the gateway (16…) and the ESB (13…). */
const refusalsByCode: ReadonlyMap<string, SopsRefusal> = new Map(
  Object.entries({
    "3599999": unreadableTask,
    "3540000": brokenCall,
    "3540100": forbidden,
    // The business or project does not exist, and it is part of the task id.
    "3540400": { code: "NOT_FOUND" },
    "3545000": brokenCall,
    "3546100": brokenCall,
    "3545100": cachedFailure,
    "3555000": cachedFailure,
    "50000": crashed,
    "1640001": authFailed,
    "1640004": authFailed,
    "1640100": authFailed,
    "1640101": authFailed,
    "1640102": authFailed,
    "1640301": forbidden,
    "1640302": forbidden,
    "1640303": forbidden,
    "1640304": forbidden,
    "1640401": brokenCall,
    "1641301": brokenCall,
    "1641401": brokenCall,
    "1650801": brokenCall,
    "1642901": throttled,
    "1642902": throttled,
    "1642903": throttled,
    "1642904": throttled,
    "1650000": unavailable,
    "1650001": unavailable,
    "1650002": unavailable,
    "1650200": unavailable,
    "1650201": unavailable,
    "1650300": unavailable,
    "1650401": { code: "TIMEOUT", again: "transient" },
    "1306401": authFailed,
    "1306408": authFailed,
    "1306402": forbidden,
    "1306403": forbidden,
    "1306404": brokenCall,
    "1306405": brokenCall,
    "1306406": brokenCall,
    "1306429": throttled,
    "1306000": unavailable,
    "1306201": unavailable,
    "1306203": unavailable,
    "1306206": unavailable,
    "1306208": malformedAnswer,
  }),
);

/** Codes that mean something else when their text begins so. */
const refusalsByText: readonly { readonly code: string; readonly text: string; readonly refusal: SopsRefusal }[] = [
  { code: "3599999", text: "iam authentication exception", refusal: forbidden },
  { code: "3540000", text: "username cannot be empty", refusal: authFailed },
];

/** What an answer without success means. A known code wins over the status; a gateway may send either under HTTP 200. */
export function refusalByAnswer(answer: SopsAnswer | null, status: number): SopsRefusal {
  const { code = null, message = null, result = null } = answer ?? {};
  const byText = refusalsByText.find((row) => row.code === code && message?.trim().startsWith(row.text));
  const known = byText?.refusal ?? (code === null ? undefined : refusalsByCode.get(code));
  if (known) return known;
  if (status === 500) return crashed;
  if (status >= 300) return refusalByStatus(status);
  return result === false ? brokenCall : malformedAnswer;
}

/** The gateway counts per window and says when the next one begins; for too many at once there is no such time. */
export function rateLimitWaitMs(
  code: string | null,
  headers: ReceivedResponse["headers"],
  now: number,
): number | undefined {
  if (code === "1642904") return undefined;
  return parseRetryAfter(headers["x-bkapi-ratelimit-reset"], now) ?? parseRetryAfter(headers["retry-after"], now);
}
