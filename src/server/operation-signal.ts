import type { ServerResponse } from "node:http";

export interface OperationLimits {
  /** Aborted by the deadline (reason `TimeoutError`), by the client's leaving, or by the process' end. */
  readonly signal: AbortSignal;
  readonly deadlineAt: number;
}

/**
 * How long the work for one request may go on. One controller of our own: signals made of `AbortSignal.timeout` and
 * `AbortSignal.any` are not let go of by Node 24 when they are over (some 400 bytes for each upstream attempt).
 */
export function limitOperation(
  response: ServerResponse,
  deadlineMs: number,
  processEnd: AbortSignal,
  now: () => number,
): OperationLimits {
  const operation = new AbortController();
  const leave = (): void => operation.abort();
  const deadline = setTimeout(() => operation.abort(new DOMException("Deadline", "TimeoutError")), deadlineMs);
  processEnd.addEventListener("abort", leave, { once: true });
  response.once("close", () => {
    clearTimeout(deadline);
    processEnd.removeEventListener("abort", leave);
    if (!response.writableFinished) operation.abort();
  });
  if (processEnd.aborted) leave();
  return { signal: operation.signal, deadlineAt: now() + deadlineMs };
}
