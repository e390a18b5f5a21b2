import type { Exchange, OutboundRequest } from "./exchange.ts";

/** How long a call may go on. */
export interface CallLimits {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /**
   * Epoch milliseconds; no attempt starts when less than 250 ms are left. Moves to a later time while waiters join: it is
   * read each time, never copied.
   */
  readonly deadlineAt: number;
}

/** One logical call to an upstream: up to three attempts, of which each is prepared and judged by the caller. */
export interface UpstreamCall<T> {
  readonly limits: CallLimits;
  /**
   * Called once per attempt, so that each has its own time, nonce and signature. Answers `settled` when the call is
   * decided without being sent, because there is no credential to send it with, for example.
   */
  prepare(): PreparedAttempt<T> | Promise<PreparedAttempt<T>>;
  /** Reads what came of an attempt, at least once for each that was prepared, sent or not. Never throws. */
  judge(exchange: Exchange): Judgement<T>;
}

export type PreparedAttempt<T> = { readonly request: OutboundRequest } | { readonly settled: T };

export interface Judgement<T> {
  /** What the call comes to unless another attempt is made. */
  readonly value: T;
  readonly again?: Again;
  /** True when one of the call's several ids may have caused the failure: then it says nothing about the account. */
  readonly mayBeOneId?: boolean;
}

/** Why, and how soon, the same call is worth another attempt. */
export interface Again {
  readonly because: AgainReason;
  /** What the upstream asked us to wait at least. */
  readonly afterMs?: number;
}

/**
 * - `transient`: unreachable, timed out, 5xx; repeated with a short backoff
 * - `throttled`: asked too often; repeated with a long backoff, never before the upstream's hint
 * - `malformed`: an answer nobody can read; repeated once
 * - `credentials`: refused, and other credentials or a corrected clock are at hand now; repeated once, at once
 */
export type AgainReason = "transient" | "throttled" | "malformed" | "credentials";

/** Sends a call and answers with the value of its last judgement. Rejects only when `prepare` or `judge` does. */
export type Send = <T>(call: UpstreamCall<T>) => Promise<T>;

/** Less time than this is not enough for an attempt. */
export const shortestAttemptMs = 250;
