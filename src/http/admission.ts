import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { createAdaptiveLimit } from "./adaptive-limit.ts";
import type { AttemptGate, AttemptOutcome, AttemptPass, Withheld } from "./attempt-gate.ts";
import { type Breaker, type BreakerAttempt, type BreakerOutcome, createBreaker } from "./breaker.ts";
import { createRateGate, type RateTurn } from "./rate-gate.ts";
import type { RateLimit } from "./rate-windows.ts";
import { createRetryBudget } from "./retry-budget.ts";
import { type CallLimits, shortestAttemptMs } from "./send.ts";
import type { SharedRate } from "./shared-rate.ts";
import { createSharedRateGate } from "./shared-rate-gate.ts";
import { wait } from "./wait.ts";

/** Whether one more call of an account may begin. */
export interface Admission {
  /** Takes a place for one call (all its attempts and pages); who entered gives it back with `leave`. */
  tryEnter(): Admittance;
  /** `limits` are those that the call was made with; none when none was made. */
  leave(limits?: CallLimits): void;
  /**
   * For operators: `circuit-open` until the breaker has closed again, half-open included; `throttled` while the upstream's
   * or our own cool-down lasts.
   */
  standing(): "open" | "throttled" | "circuit-open";
}

export type Admittance =
  | { readonly kind: "entered" }
  /**
   * No place is free, or the rate is used up. `againAt`: when the rate allows the next call, epoch milliseconds; null when a
   * place must be given back first.
   */
  | { readonly kind: "full"; readonly againAt: number | null }
  /**
   * Nobody enters before `until`, epoch milliseconds, whoever leaves. While the probe of a half-open breaker is under way
   * that is a second from now.
   */
  | { readonly kind: "closed"; readonly because: "circuit-open" | "throttled"; readonly until: number };

export interface AdmissionOptions {
  /** Labels of the metrics and the log. */
  readonly provider: string;
  readonly account: string;
  readonly startConcurrency: number;
  readonly maxConcurrency: number;
  readonly rateLimit: RateLimit;
  /** The same limit, kept together with other replicas. */
  readonly sharedRate?: SharedRate | undefined;
  readonly metrics: Pick<Metrics, "breakerChange" | "concurrencyLimit">;
  readonly log: Pick<Logger, "info" | "warn">;
  now(): number;
}

/** One account's way out: calls enter here before a client is asked, and each attempt passes here before it is sent. */
export interface AccountAdmission extends Admission {
  readonly gate: AttemptGate;
}

export function createAdmission(options: AdmissionOptions): AccountAdmission {
  const { now, metrics, log, provider, account } = options;
  const places = createAdaptiveLimit({
    start: options.startConcurrency,
    max: options.maxConcurrency,
    changed: (limit) => metrics.concurrencyLimit(provider, account, limit),
  });
  metrics.concurrencyLimit(provider, account, places.current());
  const ownRate = createRateGate(options.rateLimit, now);
  const rate = options.sharedRate ? createSharedRateGate(ownRate, options.sharedRate, now) : ownRate;
  const budget = createRetryBudget();
  const breaker: Breaker = createBreaker((state) => {
    metrics.breakerChange(provider, account, state);
    if (state === "open") log.warn({ provider, account }, "circuit opened: the account's calls fail");
    if (state === "closed") log.info({ provider, account }, "circuit closed: the account's calls succeed again");
  });
  let pauseEndsAt = 0;
  let pausedAt = 0;
  /** Calls that have entered, and sent nothing yet. */
  let unsent = 0;
  /** By their limits: a call sends several attempts and pages. */
  const haveSent = new WeakSet<CallLimits>();

  /** When the pause is over; 0 when there is none. A clock that was set back says nothing about when that will be. */
  const pausedUntil = (): number => (pausedAt <= now() && pauseEndsAt > now() ? pauseEndsAt : 0);

  const full = (againAt: number | null): Admittance => ({ kind: "full", againAt });

  function circuitOpen(againInMs: number): Withheld {
    return { reason: "circuit-open", againAt: now() + againInMs };
  }

  /** The rate is asked for when the pause is over, and the pause once more when the rate allows: either may last. */
  async function waitForTurn(limits: CallLimits): Promise<RateTurn | Withheld> {
    for (;;) {
      const againAt = pausedUntil();
      if (againAt > 0) {
        if (againAt + shortestAttemptMs > limits.deadlineAt) return { reason: "held-back", againAt };
        await wait(againAt - now(), limits.signal);
        if (limits.signal.aborted) return { reason: "aborted" };
        continue;
      }
      const turn = await rate.take(limits);
      if ("againAt" in turn) return { reason: "held-back", ...turn };
      if (!limits.signal.aborted && pausedUntil() === 0) return turn;
      turn.giveBack();
      if (limits.signal.aborted) return { reason: "aborted" };
    }
  }

  function createPass(turn: RateTurn, attempt: BreakerAttempt, limits: CallLimits): AttemptPass {
    const load = places.begin();
    return {
      sent() {
        turn.sent();
        if (haveSent.has(limits)) return;
        haveSent.add(limits);
        unsent = Math.max(0, unsent - 1);
      },
      end(outcome, pauseMs = 0) {
        turn.giveBack();
        attempt.end(breakerOutcomes[outcome]);
        if (outcome === "clean") load.clean();
        if (outcome === "timed-out" || outcome === "troubled") load.troubled();
        if (outcome === "throttled") {
          load.throttled();
          pauseEndsAt = Math.max(pausedUntil(), now() + pauseMs);
          pausedAt = now();
        }
      },
    };
  }

  return {
    tryEnter() {
      const entryInMs = breaker.entryInMs();
      if (entryInMs > 0) return { kind: "closed", because: "circuit-open", until: now() + entryInMs };
      const until = pausedUntil();
      if (until > 0) return { kind: "closed", because: "throttled", until };
      const againAt = rate.againAt(unsent);
      if (againAt !== null) return full(againAt);
      if (!places.take()) return full(null);
      breaker.entered();
      unsent += 1;
      return { kind: "entered" };
    },
    leave(limits) {
      places.giveBack();
      if (!limits || !haveSent.has(limits)) unsent = Math.max(0, unsent - 1);
    },
    standing() {
      if (breaker.state() !== "closed") return "circuit-open";
      return pausedUntil() > 0 ? "throttled" : "open";
    },
    gate: {
      async admit(limits) {
        // Nobody waits for a turn that an open circuit makes useless.
        const closedForMs = breaker.closedForMs();
        if (closedForMs > 0) return circuitOpen(closedForMs);
        const turn = await waitForTurn(limits);
        if ("reason" in turn) return turn;
        const attempt = breaker.begin();
        if ("end" in attempt) return createPass(turn, attempt, limits);
        turn.giveBack();
        return circuitOpen(attempt.againInMs);
      },
      mayRepeat: (because) => because === "credentials" || budget.spend(),
      succeededAtOnce: budget.earn,
    },
  };
}

const breakerOutcomes: Readonly<Record<AttemptOutcome, BreakerOutcome>> = {
  clean: "succeeded",
  unreachable: "lost",
  "timed-out": "lost",
  troubled: "troubled",
  throttled: "neutral",
  neutral: "neutral",
};
