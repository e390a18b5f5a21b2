import type { Admission } from "../../src/http/admission.ts";
import type { Exchange } from "../../src/http/exchange.ts";
import { createOutbound, type OutboundOptions } from "../../src/http/outbound.ts";
import type { Again, CallLimits, Judgement, Send, UpstreamCall } from "../../src/http/send.ts";
import { noLog, noMetrics } from "../support/client-tools.ts";

export interface TestSender {
  readonly send: Send;
  readonly sendForCredentials: Send;
  readonly admission: Admission;
  /** Outcome of every attempt, as the metrics were told. */
  readonly attempts: readonly string[];
  /** What else the metrics were told, as `name figure`. */
  readonly told: readonly string[];
  close(): Promise<void>;
}

/** A way out with short times and no jitter; the clock is the real one, because the far end keeps real time. */
export function createTestSender(options: Partial<OutboundOptions> = {}): TestSender {
  const attempts: string[] = [];
  const told: string[] = [];
  const outbound = createOutbound({
    provider: "test",
    account: "one",
    attemptTimeoutMs: 400,
    startConcurrency: 8,
    maxConcurrency: 8,
    rateLimit: {},
    now: Date.now,
    random: () => 0,
    log: noLog,
    metrics: {
      ...noMetrics,
      upstreamAttempt: (_provider, outcome) => attempts.push(outcome),
      upstreamRepeat: (_provider, because) => told.push(`repeat ${because}`),
      upstreamThrottled: () => told.push("throttled"),
      upstreamWithheld: (_provider, reason) => told.push(`withheld ${reason}`),
      breakerChange: (_provider, _account, state) => told.push(`breaker ${state}`),
      concurrencyLimit: (_provider, _account, limit) => told.push(`limit ${limit}`),
    },
    ...options,
  });
  return { ...outbound, attempts, told };
}

/** A call whose value is what came of its last attempt. */
export function callTo(url: string, rest: Partial<UpstreamCall<Exchange> & CallLimits> = {}): UpstreamCall<Exchange> {
  const { signal = new AbortController().signal, deadlineAt = Date.now() + 5_000, ...parts } = rest;
  return {
    limits: { signal, deadlineAt },
    prepare: () => ({ request: { method: "GET", url, headers: {} } }),
    judge: judgeByStatus,
    ...parts,
  };
}

/** As the providers judge: trouble is transient, 429 is throttling with a hint in milliseconds, all else is final. */
export function judgeByStatus(exchange: Exchange): Judgement<Exchange> & { again?: Again } {
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
