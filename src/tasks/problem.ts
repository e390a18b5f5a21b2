import type { EpochMs } from "./task.ts";

/** Why a look-up has no (new) answer, in the order of the schema's enum. */
export const problemCodes = [
  "INVALID_ID",
  "NOT_FOUND",
  "NOT_RETURNED",
  "FORBIDDEN",
  "UNKNOWN_ACCOUNT",
  "TOO_MANY_IDS",
  "RATE_LIMITED",
  "TIMEOUT",
  "UPSTREAM_UNAVAILABLE",
  "CIRCUIT_OPEN",
  "UPSTREAM_MALFORMED",
  "UPSTREAM_ERROR",
  "AUTH_FAILED",
  "OVERLOADED",
] as const;

export type ProblemCode = (typeof problemCodes)[number];

/** Why one task could not be told. A value, not an error: nothing is thrown for one id's sake. */
export interface Problem {
  readonly code: ProblemCode;
  /** For a person, in our own words: never a credential, a signature or an upstream's text. */
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterAt: EpochMs | null;
  readonly upstreamCode: string | null;
  readonly upstreamRequestId: string | null;
}

export interface ProblemDetails {
  /** Default: what the code usually means. */
  readonly retryable?: boolean;
  readonly retryAfterAt?: EpochMs | null;
  readonly upstreamCode?: string | null;
  readonly upstreamRequestId?: string | null;
}

const retryableCodes: ReadonlySet<ProblemCode> = new Set([
  "NOT_RETURNED",
  "RATE_LIMITED",
  "TIMEOUT",
  "UPSTREAM_UNAVAILABLE",
  "CIRCUIT_OPEN",
  "UPSTREAM_MALFORMED",
  "OVERLOADED",
]);

/** After these nothing is to be shown of the task: it is gone, or not ours to see. */
const refusalCodes: ReadonlySet<ProblemCode> = new Set(["NOT_FOUND", "FORBIDDEN"]);

export const isRefusal = ({ code }: Problem): boolean => refusalCodes.has(code);

export function createProblem(code: ProblemCode, message: string, details: ProblemDetails = {}): Problem {
  return {
    code,
    message,
    retryable: details.retryable ?? retryableCodes.has(code),
    retryAfterAt: details.retryAfterAt ?? null,
    upstreamCode: printableToken(details.upstreamCode),
    upstreamRequestId: printableToken(details.upstreamRequestId),
  };
}

/** Upstreams choose these texts: what is not a short plain token is not repeated. */
function printableToken(text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null;
  return /^[\w.:/+=-]{1,128}$/.test(text) ? text : null;
}
