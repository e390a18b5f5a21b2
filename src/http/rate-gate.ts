import { type RateLimit, rateWindowsOf } from "./rate-windows.ts";
import { type CallLimits, shortestAttemptMs } from "./send.ts";
import { createSlidingWindow } from "./sliding-window.ts";

/** Who may send next. */
export interface RateGate {
  /**
   * Waits for a turn, first come first served, until the signal is aborted. Answers at once with the time to come back
   * when that leaves less than 250 ms before the deadline.
   */
  take(limits: CallLimits): Promise<RateTurn | { readonly againAt: number }>;
  /**
   * When one more call may come in, `unsent` others having come in that have not sent yet; null when it may now. An
   * estimate: those others may send several times, or never.
   */
  againAt(unsent: number): number | null;
}

/** The right to send once. Counts as a send until it is given back. */
export interface RateTurn {
  /** Right before sending. */
  sent(): void;
  /** Without effect after `sent`. */
  giveBack(): void;
}

interface Waiter {
  readonly limits: CallLimits;
  enter(turn: RateTurn): void;
}

/** Turns count from the time they are given, times from the time of sending: preparing a request in between may take long. */
export function createRateGate(limit: RateLimit, now: () => number): RateGate {
  const windows = rateWindowsOf(limit).map(({ calls, periodMs }) => createSlidingWindow(calls, periodMs));
  const waiting = new Set<Waiter>();
  let turns = 0;
  let timer: NodeJS.Timeout | undefined;

  function freeAt(ahead: number): number {
    const nowAt = now();
    return windows.reduce((latest, window) => Math.max(latest, window.freeAt(nowAt, ahead)), nowAt);
  }

  function recordSend(): void {
    for (const window of windows) window.record(now());
  }

  function createTurn(): RateTurn {
    turns += 1;
    let isOpen = true;
    const close = (note: () => void): void => {
      if (!isOpen) return;
      isOpen = false;
      turns -= 1;
      note();
      if (waiting.size > 0) letIn();
    };
    return {
      sent: () => close(recordSend),
      giveBack: () => close(() => undefined),
    };
  }

  function letIn(): void {
    clearTimeout(timer);
    for (const waiter of waiting) {
      const waitMs = freeAt(turns) - now();
      if (waitMs > 0) {
        timer = setTimeout(letIn, Math.ceil(waitMs));
        return;
      }
      waiting.delete(waiter);
      waiter.enter(createTurn());
    }
  }

  function waitForTurn(limits: CallLimits): Promise<RateTurn> {
    const { signal } = limits;
    return new Promise((resolve) => {
      const waiter: Waiter = {
        limits,
        enter(turn) {
          signal.removeEventListener("abort", leave);
          resolve(turn);
        },
      };
      /** Whoever left needs no turn: it gets one that counts for nothing. */
      const leave = (): void => {
        waiting.delete(waiter);
        if (waiting.size === 0) clearTimeout(timer);
        waiter.enter(noTurn);
      };
      signal.addEventListener("abort", leave);
      waiting.add(waiter);
      if (waiting.size === 1) letIn();
    });
  }

  return {
    async take(limits) {
      if (windows.length === 0 || limits.signal.aborted) return noTurn;
      const turnAt = freeAt(turns + waiting.size);
      if (waiting.size === 0 && turnAt <= now()) return createTurn();
      return turnAt + shortestAttemptMs > limits.deadlineAt ? { againAt: turnAt } : waitForTurn(limits);
    },
    againAt(unsent) {
      if (windows.length === 0) return null;
      const turnAt = freeAt(Math.max(unsent, turns + waiting.size));
      return turnAt > now() ? turnAt : null;
    },
  };
}

/** For who needs none. */
export const noTurn: RateTurn = { sent: () => undefined, giveBack: () => undefined };
