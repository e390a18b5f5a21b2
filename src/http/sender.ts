import { ConstantBackoff, handleWhenResult, retry } from "cockatiel";
import type { Dispatcher } from "undici";
import type { Metrics } from "../telemetry/metrics.ts";
import { attempt, reasonOfAbort } from "./attempt.ts";
import type { AttemptGate, AttemptPass } from "./attempt-gate.ts";
import { outcomeOf } from "./attempt-outcome.ts";
import { backoffMs, maxAttempts, pauseMs } from "./backoff.ts";
import type { Exchange, FailedExchange, FailureReason, OutboundRequest } from "./exchange.ts";
import { type Again, type AgainReason, type Send, shortestAttemptMs, type UpstreamCall } from "./send.ts";
import { wait } from "./wait.ts";

export interface SenderOptions {
  /** Label of the metrics. */
  readonly provider: string;
  readonly dispatcher: Dispatcher;
  /** Total time of one attempt. */
  readonly attemptTimeoutMs: number;
  readonly gate: AttemptGate;
  readonly metrics: Pick<Metrics, "upstreamAttempt" | "upstreamRepeat" | "upstreamThrottled" | "upstreamWithheld">;
  now(): number;
  random(): number;
}

/** Where a call stands between its attempts. */
interface CallProgress<T> {
  attempts: number;
  /** What the latest attempt that was sent came to. */
  latest: { readonly value: T } | null;
  readonly repeats: Map<AgainReason, number>;
  /** Null before the first attempt and after the last. */
  next: { readonly inMs: number; readonly because: AgainReason } | null;
}

/**
 * Repeats at once: the wait in between is part of the next attempt, which ends it with the operation and leaves no timer
 * behind.
 */
const repeating = retry(
  handleWhenResult((progress) => (progress as CallProgress<unknown>).next !== null),
  { maxAttempts: maxAttempts - 1, backoff: new ConstantBackoff(0) },
);

/** The way out to one account: how many attempts, how soon, how long. */
export function createSender(options: SenderOptions): Send {
  const { gate, metrics, now, random, attemptTimeoutMs } = options;

  async function exchange(
    request: OutboundRequest,
    call: UpstreamCall<unknown>,
  ): Promise<{ exchange: Exchange; grantedMs: number }> {
    const startedAt = now();
    let grantedMs = 0;
    const timeoutMs = (): number => {
      grantedMs = Math.min(attemptTimeoutMs, call.limits.deadlineAt - startedAt);
      return grantedMs;
    };
    const result = await attempt(request, {
      dispatcher: options.dispatcher,
      timeoutMs,
      signal: call.limits.signal,
      now,
    });
    const outcome = result.kind === "failure" ? result.reason : `${Math.floor(result.status / 100)}xx`;
    metrics.upstreamAttempt(options.provider, outcome, (now() - startedAt) / 1000);
    return { exchange: result, grantedMs };
  }

  function reasonNotToStart({ limits }: UpstreamCall<unknown>): FailureReason | null {
    if (limits.signal.aborted) return reasonOfAbort(limits.signal);
    return limits.deadlineAt - now() < shortestAttemptMs ? "timeout" : null;
  }

  async function attemptOnce<T>(call: UpstreamCall<T>, progress: CallProgress<T>): Promise<CallProgress<T>> {
    const { next } = progress;
    progress.next = null;
    if (next) await wait(next.inMs, call.limits.signal);
    const reason = reasonNotToStart(call);
    if (reason) return unsent(call, progress, { kind: "failure", reason });
    const pass = await gate.admit(call.limits);
    if ("end" in pass) return sendPassed(call, progress, pass, next?.because);
    if (pass.reason === "aborted") {
      return unsent(call, progress, { kind: "failure", reason: reasonOfAbort(call.limits.signal) });
    }
    metrics.upstreamWithheld(options.provider, pass.reason);
    return unsent(call, progress, { kind: "failure", ...pass });
  }

  /** Prepared when it may be sent, so that the time and nonce of a signature are those of sending. */
  async function sendPassed<T>(
    call: UpstreamCall<T>,
    progress: CallProgress<T>,
    pass: AttemptPass,
    because: AgainReason | undefined,
  ): Promise<CallProgress<T>> {
    let end = (): void => pass.end("neutral");
    try {
      const prepared = await call.prepare();
      if ("settled" in prepared) return { ...progress, latest: { value: prepared.settled } };
      // Preparing takes its time when its turn to sign has to come.
      const reason = reasonNotToStart(call);
      if (reason) return unsent(call, progress, { kind: "failure", reason });
      pass.sent();
      if (because) metrics.upstreamRepeat(options.provider, because);
      progress.attempts += 1;
      const { exchange: result, grantedMs } = await exchange(prepared.request, call);
      const judgement = call.judge(result);
      const outcome = outcomeOf(result, judgement, grantedMs, attemptTimeoutMs);
      if (outcome === "throttled") metrics.upstreamThrottled(options.provider);
      progress.latest = { value: judgement.value };
      const { again } = judgement;
      const repeats = (again && progress.repeats.get(again.because)) ?? 0;
      const inMs = again ? backoffMs(again, repeats, random) : null;
      end = () => pass.end(outcome, again?.because === "throttled" ? pauseMs(again, inMs, repeats, random) : 0);
      if (outcome === "clean" && !again && progress.attempts === 1) gate.succeededAtOnce();
      if (again && inMs !== null) planRepeat(call, progress, again, inMs, repeats);
      return progress;
    } finally {
      end();
    }
  }

  function planRepeat(
    { limits }: UpstreamCall<unknown>,
    progress: CallProgress<unknown>,
    { because }: Again,
    inMs: number,
    repeats: number,
  ): void {
    progress.repeats.set(because, repeats + 1);
    const fits = progress.attempts < maxAttempts && now() + inMs + shortestAttemptMs <= limits.deadlineAt;
    if (fits && gate.mayRepeat(because)) progress.next = { inMs, because };
  }

  return async <T>(call: UpstreamCall<T>): Promise<T> => {
    const { signal } = call.limits;
    if (signal.aborted) return call.judge({ kind: "failure", reason: reasonOfAbort(signal) }).value;
    const progress: CallProgress<T> = { attempts: 0, latest: null, repeats: new Map(), next: null };
    return untilAborted(repeating.execute(() => attemptOnce(call, progress)).then(latestValue), call);
  };
}

/**
 * An earlier attempt's value tells more than that there was no other, unless nobody wants it any more. Judged all the same:
 * what was prepared may hold something that its judgement gives back.
 */
function unsent<T>(call: UpstreamCall<T>, progress: CallProgress<T>, failure: FailedExchange): CallProgress<T> {
  const { value } = call.judge(failure);
  if (progress.latest && !call.limits.signal.aborted) return progress;
  return { ...progress, latest: { value } };
}

function latestValue<T>({ latest }: CallProgress<T>): T {
  if (!latest) throw new Error("A call ended without an attempt and without a reason");
  return latest.value;
}

/** Waiting, for whatever it be, ends with the operation. */
function untilAborted<T>(work: Promise<T>, call: UpstreamCall<T>): Promise<T> {
  const { signal } = call.limits;
  return new Promise((resolve, reject) => {
    // In a promise, because an exception in a listener would end the process.
    const leave = (): void =>
      void Promise.try(() => call.judge({ kind: "failure", reason: reasonOfAbort(signal) }).value).then(
        resolve,
        reject,
      );
    signal.addEventListener("abort", leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
