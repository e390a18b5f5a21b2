import type { ServerResponse } from "node:http";

export interface OperationLimits {
  /** Aborted by the deadline (reason `TimeoutError`), by the client's leaving, or by the process' end. */
  readonly signal: AbortSignal;
  readonly deadlineAt: number;
}

/** How long the work for one request may go on. */
export function limitOperation(
  response: ServerResponse,
  deadlineMs: number,
  processEnd: AbortSignal,
  now: () => number,
): OperationLimits {
  const departure = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) departure.abort();
  });
  return {
    signal: AbortSignal.any([departure.signal, AbortSignal.timeout(deadlineMs), processEnd]),
    deadlineAt: now() + deadlineMs,
  };
}
