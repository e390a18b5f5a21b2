import { type Dispatcher, errors, request as undiciRequest } from "undici";
import type { Exchange, FailureReason, OutboundRequest } from "./exchange.ts";

export interface AttemptOptions {
  readonly dispatcher: Dispatcher;
  /** Total time for headers and body, however steadily bytes arrive. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  now(): number;
}

/** Sends one request once and waits for the whole answer. Rejects never; half a body is never an answer. */
export async function attempt(request: OutboundRequest, options: AttemptOptions): Promise<Exchange> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), options.timeoutMs);
  try {
    const response = await undiciRequest(request.url, {
      method: request.method,
      headers: { ...request.headers },
      body: request.body ?? null,
      dispatcher: options.dispatcher,
      signal: AbortSignal.any([options.signal, timeout.signal]),
    });
    const text = await response.body.text();
    return {
      kind: "response",
      status: response.statusCode,
      headers: joinHeaders(response.headers),
      text,
      receivedAt: options.now(),
    };
  } catch (error) {
    return { kind: "failure", reason: reasonOf(error, options.signal, timeout.signal) };
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown, operation: AbortSignal, timeout: AbortSignal): FailureReason {
  if (operation.aborted) return reasonOfAbort(operation);
  if (timeout.aborted) return "timeout";
  return error instanceof errors.ResponseExceededMaxSizeError ? "oversized" : "unreachable";
}

/** An operation is aborted by its deadline, or because its client left. */
export function reasonOfAbort(signal: AbortSignal): FailureReason {
  return signal.reason instanceof DOMException && signal.reason.name === "TimeoutError" ? "timeout" : "aborted";
}

function joinHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return joined;
}
