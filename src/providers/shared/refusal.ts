import type { Exchange, FailureReason, ReceivedResponse } from "../../http/exchange.ts";
import { parseRetryAfter } from "../../http/retry-after.ts";
import type { AgainReason, Judgement } from "../../http/send.ts";
import { createProblem, type ProblemCode } from "../../tasks/problem.ts";
import type { FailedCall, IdAnswer } from "../provider.ts";

/** One row of a provider's error table. */
export interface Refusal {
  readonly code: ProblemCode;
  /** Default: what the code usually means. */
  readonly retryable?: boolean;
  /** Set when the same call is worth another attempt within this operation. */
  readonly again?: AgainReason;
  /** True when one id can be the cause of a whole call's failure. */
  readonly divisible?: boolean;
  /** True when the cause may be no id at all. */
  readonly mayBeEverybodys?: boolean;
}

/** What the upstream said along with a refusal. */
export interface RefusalContext {
  /** The upstream's name, for the message: "eIoTClub". */
  readonly upstream: string;
  readonly upstreamCode?: string | null;
  readonly upstreamRequestId?: string | null;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** How many ids the call asked for, where one of several can be the cause of its failure. */
  readonly idsInCall?: number;
  /** Its only id is known to make calls fail. */
  readonly isSuspect?: boolean;
  /** The wait that the upstream asked for. */
  readonly retryAfterMs?: number | undefined;
  readonly now: number;
}

/** Rows that are the same for every upstream: what an HTTP status means when no vendor code explains it better. */
export function refusalByStatus(status: number): Refusal {
  if (status === 401) return { code: "AUTH_FAILED" };
  if (status === 403) return { code: "FORBIDDEN" };
  if (status === 408 || status === 504) return { code: "TIMEOUT", again: "transient" };
  if (status === 429) return { code: "RATE_LIMITED", again: "throttled" };
  if (status >= 500) return { code: "UPSTREAM_UNAVAILABLE", again: "transient" };
  if (status >= 300) return { code: "UPSTREAM_ERROR", retryable: false };
  return malformedAnswer;
}

/** An answer that nobody can read: not JSON, or of another shape. */
export const malformedAnswer: Refusal = { code: "UPSTREAM_MALFORMED", again: "malformed" };

const refusalsByFailure: Readonly<Record<FailureReason, Refusal>> = {
  unreachable: { code: "UPSTREAM_UNAVAILABLE", again: "transient" },
  timeout: { code: "TIMEOUT", again: "transient" },
  oversized: { code: "UPSTREAM_MALFORMED" },
  aborted: { code: "TIMEOUT" },
  "circuit-open": { code: "CIRCUIT_OPEN" },
  "held-back": { code: "RATE_LIMITED" },
};

export function refusalByFailure(reason: FailureReason): Refusal {
  return refusalsByFailure[reason];
}

/** The judgement of a call that came to nothing. */
export function refuse(row: Refusal, context: RefusalContext): Judgement<FailedCall> {
  const { retryAfterMs } = context;
  const refusal = isThrottling(row, context) ? refusalByStatus(429) : row;
  const problem = createProblem(refusal.code, messageOf(refusal, context), {
    ...(refusal.retryable !== undefined && { retryable: refusal.retryable }),
    retryAfterAt: retryAfterAt(refusal, context),
    upstreamCode: context.upstreamCode ?? null,
    upstreamRequestId: context.upstreamRequestId ?? null,
  });
  const value: FailedCall = {
    kind: "failed",
    problem,
    divisible: refusal.divisible ?? false,
    ...(refusal.mayBeEverybodys && { mayBeEverybodys: true }),
  };
  const { idsInCall = 1, isSuspect = false } = context;
  const mayBeOneId = value.divisible && (idsInCall > 1 || isSuspect);
  const judgement = { value, ...(mayBeOneId && { mayBeOneId }) };
  // Asking for a known culprit again would only cost the others their repeats.
  if (!refusal.again || (mayBeOneId && isSuspect)) return judgement;
  return {
    ...judgement,
    again: { because: refusal.again, ...(retryAfterMs !== undefined && { afterMs: retryAfterMs }) },
  };
}

/** Who is asked too often wants a pause, even when it names none. */
const shortestPauseMs = 1_000;

function retryAfterAt({ code }: Refusal, { retryAfterMs, now }: RefusalContext): number | null {
  if (retryAfterMs !== undefined) return now + retryAfterMs;
  return code === "RATE_LIMITED" ? now + shortestPauseMs : null;
}

/** An upstream that is out of order and says when to come back is throttling, whatever it calls it. */
function isThrottling({ code }: Refusal, { status, retryAfterMs }: RefusalContext): boolean {
  return status === 503 && retryAfterMs !== undefined && code === "UPSTREAM_UNAVAILABLE";
}

/** Judges what needs no vendor code: no answer at all, or an answer whose status alone speaks. */
export function refuseExchange(exchange: Exchange, upstream: string, now: number): Judgement<FailedCall> {
  if (exchange.kind === "failure") {
    const { reason, againAt } = exchange;
    return refuse(refusalByFailure(reason), { upstream, now, retryAfterMs: againAt && Math.max(0, againAt - now) });
  }
  return refuse(refusalByStatus(exchange.status), contextOf(exchange, upstream, now));
}

export function contextOf(response: ReceivedResponse, upstream: string, now: number): RefusalContext {
  const retryAfterMs = parseRetryAfter(response.headers["retry-after"], now);
  return { upstream, status: response.status, retryAfterMs, now };
}

const sentences: Partial<Record<ProblemCode, string>> = {
  INVALID_ID: "does not accept the form of this id",
  NOT_FOUND: "knows no such task",
  NOT_RETURNED: "left this task out of its answer",
  FORBIDDEN: "does not permit this account to read the task",
  AUTH_FAILED: "refused the account's credentials",
  RATE_LIMITED: "is asked too often",
  CIRCUIT_OPEN: "is out of order and is left alone for a while",
  TIMEOUT: "did not answer in time",
  UPSTREAM_UNAVAILABLE: "could not be reached or is out of order",
  UPSTREAM_MALFORMED: "gave an answer that cannot be read",
  UPSTREAM_ERROR: "refused the call",
};

/** Our own words: an upstream's text may echo credentials or personal data. */
export function messageOf(refusal: Refusal, context: Pick<RefusalContext, "upstream" | "status">): string {
  const sentence = sentences[refusal.code] ?? "gave no answer for the task";
  const status = context.status === undefined || context.status < 300 ? "" : ` (HTTP ${context.status})`;
  return `${context.upstream} ${sentence}${status}.`;
}

/** The answer for one id of a call that was answered: a row that says no, cannot be read, or is not there. */
export function refuseId(refusal: Refusal, context: Omit<RefusalContext, "status" | "now">): IdAnswer {
  const problem = createProblem(refusal.code, messageOf(refusal, context), {
    ...(refusal.retryable !== undefined && { retryable: refusal.retryable }),
    upstreamCode: context.upstreamCode ?? null,
    upstreamRequestId: context.upstreamRequestId ?? null,
  });
  return { problem };
}
