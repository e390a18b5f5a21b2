import { createConnections } from "../../src/http/connections.ts";
import type { Exchange } from "../../src/http/exchange.ts";
import type { Again, Send, UpstreamCall } from "../../src/http/send.ts";
import { createSender, type SenderOptions } from "../../src/http/sender.ts";

export interface TestSender {
  readonly send: Send;
  /** Outcome of every attempt, as the metrics were told. */
  readonly attempts: readonly string[];
  close(): Promise<void>;
}

/** A sender with short times and no jitter; the clock is the real one, because the far end keeps real time. */
export function createTestSender(
  options: Partial<Pick<SenderOptions, "attemptTimeoutMs" | "maxConcurrentCalls" | "now" | "random">> = {},
): TestSender {
  const maxConcurrentCalls = options.maxConcurrentCalls ?? 4;
  const dispatcher = createConnections(maxConcurrentCalls);
  const attempts: string[] = [];
  const send = createSender({
    provider: "test",
    dispatcher,
    attemptTimeoutMs: 400,
    now: Date.now,
    random: () => 0,
    ...options,
    maxConcurrentCalls,
    metrics: { upstreamAttempt: (_provider, outcome) => attempts.push(outcome) },
  });
  return { send, attempts, close: () => dispatcher.destroy() };
}

/** A call whose value is what came of its last attempt. */
export function callTo(url: string, rest: Partial<UpstreamCall<Exchange>> = {}): UpstreamCall<Exchange> {
  return {
    signal: new AbortController().signal,
    deadlineAt: Date.now() + 5_000,
    prepare: () => ({ request: { method: "GET", url, headers: {} } }),
    judge: (exchange) => judgeByStatus(exchange),
    ...rest,
  };
}

/** As the providers judge: trouble is transient, 429 is throttling with a hint in milliseconds, all else is final. */
export function judgeByStatus(exchange: Exchange): { value: Exchange; again?: Again } {
  if (exchange.kind === "failure") {
    const isTransient = exchange.reason === "unreachable" || exchange.reason === "timeout";
    return { value: exchange, ...(isTransient && { again: { because: "transient" } }) };
  }
  if (exchange.status >= 500) return { value: exchange, again: { because: "transient" } };
  const hint = exchange.headers["x-wait-ms"];
  if (exchange.status !== 429) return { value: exchange };
  return { value: exchange, again: { because: "throttled", ...(hint !== undefined && { afterMs: Number(hint) }) } };
}

export function reasonOf(exchange: Exchange): string {
  return exchange.kind === "failure" ? exchange.reason : `HTTP ${exchange.status}`;
}
