import { CircuitState, circuitBreaker, DelegateBackoff, handleWhenResult } from "cockatiel";
import { type BreakerFailure, createBreakerRecord } from "./breaker-record.ts";

/** Keeps calls from an account whose upstream is out of order, and finds out when it is back. */
export interface Breaker {
  state(): BreakerState;
  /**
   * Milliseconds before a call may come in; 0 when it may now. As long as the breaker has not closed again, one is let in,
   * and the next when its attempt has ended, or when a second has passed without one.
   */
  entryInMs(): number;
  /** Somebody came in: to be told when `entryInMs` said 0. */
  entered(): void;
  /** Milliseconds before an attempt may begin; 0 when it may now. */
  closedForMs(): number;
  /** Begins an attempt, or tells in how many milliseconds to come back. */
  begin(): BreakerAttempt | { readonly againInMs: number };
}

export type BreakerState = "closed" | "open" | "half-open";

export interface BreakerAttempt {
  /** To be called once, whatever came of it; `neutral` when that says nothing about the upstream. */
  end(outcome: BreakerOutcome): void;
}

export type BreakerOutcome = "succeeded" | "neutral" | BreakerFailure;

const firstOpenMs = 5_000;
const longestOpenMs = 60_000;

/** Two probes must succeed; one failure opens the breaker again. */
const probes = { calls: 2, threshold: 0 };

/** While a probe is under way, nobody knows when it ends. */
const probeWaitMs = 1_000;

/**
 * Cockatiel keeps the state. It counts whatever is no failure as a success, so it is told outcomes only, after the fact:
 * of a neutral attempt it never hears. A half-open breaker has one probe at a time under way; one that ends neutrally
 * leaves its place in cockatiel's sample to the next. How long it is open is not for cockatiel to say: it reads the time of
 * day, and would keep an account closed for an hour when that is set back by one.
 *
 * @param changed told of every change of the state
 */
export function createBreaker(changed: (state: BreakerState) => void): Breaker {
  const record = createBreakerRecord();
  const policy = circuitBreaker(
    handleWhenResult((outcome) => outcome !== "succeeded"),
    {
      breaker: {
        state: null,
        success: () => undefined,
        failure: (state) => state !== CircuitState.Closed || record.isTooBad(),
      },
      halfOpenAfter: new DelegateBackoff(({ attempt }) => {
        openForMs = Math.min(longestOpenMs, firstOpenMs * 2 ** (attempt - 1));
        return Number.NEGATIVE_INFINITY;
      }),
      halfOpenSampling: probes,
    },
  );
  let openForMs = 0;
  let openedAt = 0;
  /** How often it opened: attempts of before say nothing about now. */
  let openings = 0;
  let isProbing = false;
  /** When somebody came in who may probe; null when nobody has, or it was done. */
  let enteredAt: number | null = null;
  /** Takes the outcome of the probe that cockatiel waits for. */
  let awaited: ((outcome: BreakerOutcome) => void) | undefined;

  policy.onStateChange((state) => {
    if (state === CircuitState.Open) {
      openedAt = Date.now();
      openings += 1;
    }
    if (state === CircuitState.Closed) record.clear();
    enteredAt = null;
    changed(stateNames[state]);
  });

  function closedForMs(): number {
    if (isProbing) return probeWaitMs;
    return policy.state === CircuitState.Open ? restOf(openForMs, openedAt) : 0;
  }

  function endOfPlain(): BreakerAttempt {
    const begunAfter = openings;
    return {
      end(outcome) {
        if (outcome === "neutral" || begunAfter !== openings) return;
        if (outcome === "succeeded") record.succeeded();
        else {
          record.failed(outcome);
          void policy.execute(() => outcome);
        }
      },
    };
  }

  function awaitProbe(): (outcome: BreakerOutcome) => void {
    const { promise, resolve } = Promise.withResolvers<BreakerOutcome>();
    void policy
      .execute(() => promise)
      .finally(() => {
        isProbing = false;
        enteredAt = null;
      });
    return resolve;
  }

  function beginProbe(): BreakerAttempt {
    isProbing = true;
    awaited ??= awaitProbe();
    return {
      end(outcome) {
        if (outcome !== "neutral") {
          awaited?.(outcome);
          awaited = undefined;
          return;
        }
        isProbing = false;
        enteredAt = null;
      },
    };
  }

  return {
    state: () => stateNames[policy.state],
    entryInMs() {
      const closedMs = closedForMs();
      const isTaken = enteredAt !== null && restOf(probeWaitMs, enteredAt) > 0;
      return closedMs === 0 && isTaken ? probeWaitMs : closedMs;
    },
    entered() {
      if (policy.state !== CircuitState.Closed) enteredAt = Date.now();
    },
    closedForMs,
    begin() {
      if (policy.state === CircuitState.Closed) return endOfPlain();
      const againInMs = closedForMs();
      return againInMs > 0 ? { againInMs } : beginProbe();
    },
  };
}

/** What is left of a time; nothing when the clock was set back behind its beginning. */
function restOf(milliseconds: number, beganAt: number): number {
  const passedMs = Date.now() - beganAt;
  return passedMs < 0 ? 0 : Math.max(0, milliseconds - passedMs);
}

/** Nobody isolates this breaker. */
const stateNames: Readonly<Record<CircuitState, BreakerState>> = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half-open",
  [CircuitState.Isolated]: "open",
};
