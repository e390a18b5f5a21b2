import { bulkhead, DelegateBackoff, handleWhenResult, retry } from "cockatiel";
import type { Dispatcher } from "undici";
import type { Metrics } from "../telemetry/metrics.ts";
import { attempt, reasonOfAbort } from "./attempt.ts";
import { backoffMs, maxAttempts } from "./backoff.ts";
import type { Exchange, FailureReason, OutboundRequest } from "./exchange.ts";
import type { AgainReason, Send, UpstreamCall } from "./send.ts";

export interface SenderOptions {
  /** Label of the metrics. */
  readonly provider: string;
  readonly dispatcher: Dispatcher;
  /** Total time of one attempt. */
  readonly attemptTimeoutMs: number;
  /** Attempts under way together; further ones wait their turn. */
  readonly maxConcurrentCalls: number;
  readonly metrics: Pick<Metrics, "upstreamAttempt">;
  now(): number;
  random(): number;
}

/** Less time than this is not enough for an attempt. */
const shortestAttemptMs = 250;

interface Attempted<T> {
  readonly value: T;
  /** Wait before the next attempt; null when this one was the last. */
  readonly nextInMs: number | null;
}

/** The way out to one account: how many attempts, how soon, how many at a time, how long. */
export function createSender(options: SenderOptions): Send {
  const lanes = bulkhead(options.maxConcurrentCalls, Number.POSITIVE_INFINITY);

  async function exchange(request: OutboundRequest, call: UpstreamCall<unknown>): Promise<Exchange> {
    const startedAt = options.now();
    const timeoutMs = Math.min(options.attemptTimeoutMs, call.deadlineAt - startedAt);
    const result = await attempt(request, { ...options, timeoutMs, signal: call.signal });
    const outcome = result.kind === "failure" ? result.reason : `${Math.floor(result.status / 100)}xx`;
    options.metrics.upstreamAttempt(options.provider, outcome, (options.now() - startedAt) / 1000);
    return result;
  }

  function reasonNotToStart(call: UpstreamCall<unknown>): FailureReason | null {
    if (call.signal.aborted) return reasonOfAbort(call.signal);
    return call.deadlineAt - options.now() < shortestAttemptMs ? "timeout" : null;
  }

  /** Prepared when its turn has come, so that the time and nonce of a signature are those of sending. */
  async function attemptOnce<T>(call: UpstreamCall<T>, repeats: Map<AgainReason, number>): Promise<Attempted<T>> {
    const reason = reasonNotToStart(call);
    if (reason) return unsent(call, reason);
    const prepared = await call.prepare();
    if ("settled" in prepared) return { value: prepared.settled, nextInMs: null };
    // Preparing takes its time when a token has to be fetched.
    const lateReason = reasonNotToStart(call);
    if (lateReason) return unsent(call, lateReason);
    const { value, again } = call.judge(await exchange(prepared.request, call));
    if (!again) return { value, nextInMs: null };
    const repeated = repeats.get(again.because) ?? 0;
    repeats.set(again.because, repeated + 1);
    const nextInMs = backoffMs(again, repeated, options.random);
    const fits = nextInMs !== null && options.now() + nextInMs + shortestAttemptMs <= call.deadlineAt;
    return { value, nextInMs: fits ? nextInMs : null };
  }

  return async <T>(call: UpstreamCall<T>): Promise<T> => {
    if (call.signal.aborted) return unsent(call, reasonOfAbort(call.signal)).value;
    const repeats = new Map<AgainReason, number>();
    const attempts = retry(
      handleWhenResult((attempted) => (attempted as Attempted<T>).nextInMs !== null),
      { maxAttempts: maxAttempts - 1, backoff: new DelegateBackoff(({ result }) => waitOf(result)) },
    );
    const work = attempts.execute(() => lanes.execute(() => attemptOnce(call, repeats)));
    return untilAborted(
      work.then(({ value }) => value),
      call,
    );
  };
}

function unsent<T>(call: UpstreamCall<T>, reason: FailureReason): Attempted<T> {
  return { value: call.judge({ kind: "failure", reason }).value, nextInMs: null };
}

function waitOf(result: object): number {
  return "value" in result ? ((result.value as Attempted<unknown>).nextInMs ?? 0) : 0;
}

/** Waiting for a turn or for a backoff ends with the operation. */
function untilAborted<T>(work: Promise<T>, call: UpstreamCall<T>): Promise<T> {
  const { signal } = call;
  return new Promise((resolve, reject) => {
    // In a promise, because an exception in a listener would end the process.
    const leave = (): void => void Promise.try(() => unsent(call, reasonOfAbort(signal)).value).then(resolve, reject);
    signal.addEventListener("abort", leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
