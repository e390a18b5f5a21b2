import { type Dispatcher, errors } from "undici";
import type { Exchange, FailureReason, OutboundRequest } from "./exchange.ts";

export interface AttemptOptions {
  readonly dispatcher: Dispatcher;
  /**
   * Total milliseconds for headers and body, however steadily bytes arrive, counted from the start. Asked again when they
   * are over, because a deadline may have moved.
   */
  timeoutMs(): number;
  /** Ends the attempt when it is aborted. */
  readonly signal: AbortSignal;
  now(): number;
}

/**
 * Sends one request once and waits for the whole answer. Rejects never; half a body is never an answer. The socket of an
 * attempt that ends before its answer is destroyed.
 *
 * A listener on the caller's signal instead of a signal made of several: Node 24 does not let go of those.
 */
export function attempt(request: OutboundRequest, options: AttemptOptions): Promise<Exchange> {
  const { signal } = options;
  if (signal.aborted) return Promise.resolve({ kind: "failure", reason: reasonOfAbort(signal) });
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined;
    let isOver = false;
    let status = 0;
    let headers: Readonly<Record<string, string>> = {};
    const chunks: Buffer[] = [];
    let grantedMs = options.timeoutMs();
    let timer = setTimeout(timeUp, grantedMs);
    signal.addEventListener("abort", leave);

    function end(exchange: Exchange): void {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
      resolve(exchange);
    }

    function giveUp(reason: FailureReason): void {
      end({ kind: "failure", reason });
      controller?.abort(new errors.RequestAbortedError());
    }

    function leave(): void {
      giveUp(reasonOfAbort(signal));
    }

    function timeUp(): void {
      const moreMs = options.timeoutMs() - grantedMs;
      grantedMs += moreMs;
      if (moreMs > 0) timer = setTimeout(timeUp, moreMs);
      else giveUp("timeout");
    }

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        // It waited for a connection longer than anybody waited for it.
        if (isOver) started.abort(new errors.RequestAbortedError());
      },
      onResponseStart(_controller, statusCode, received) {
        // Those below 200 announce the answer.
        if (statusCode < 200) return;
        status = statusCode;
        headers = joinHeaders(received);
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        end({ kind: "response", status, headers, text: textOf(chunks), receivedAt: options.now() });
      },
      onResponseError(_controller, error) {
        const isTooLarge = error instanceof errors.ResponseExceededMaxSizeError;
        end({ kind: "failure", reason: isTooLarge ? "oversized" : "unreachable" });
      },
    };

    try {
      const { origin, pathname, search } = new URL(request.url);
      const { method, headers: sentHeaders, body = null } = request;
      options.dispatcher.dispatch({ origin, path: pathname + search, method, headers: sentHeaders, body }, handler);
    } catch {
      end({ kind: "failure", reason: "unreachable" });
    }
  });
}

/** An operation is aborted by its deadline, or because its client left. */
export function reasonOfAbort(signal: AbortSignal): FailureReason {
  return signal.reason instanceof DOMException && signal.reason.name === "TimeoutError" ? "timeout" : "aborted";
}

type ReceivedHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Few answers repeat a header: most keep the object that they came in. */
function joinHeaders(headers: ReceivedHeaders): Readonly<Record<string, string>> {
  for (const name in headers) if (typeof headers[name] !== "string") return joinRepeated(headers);
  return headers as Readonly<Record<string, string>>;
}

function joinRepeated(headers: ReceivedHeaders): Readonly<Record<string, string>> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return joined;
}

/** Decoded in one piece, because a character may be cut in two; without the mark that some put before UTF-8. */
function textOf(chunks: readonly Buffer[]): string {
  const [only] = chunks;
  const bytes = chunks.length === 1 && only ? only : Buffer.concat(chunks);
  return bytes.toString("utf8", bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
}
