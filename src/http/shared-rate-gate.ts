import { noTurn, type RateGate, type RateTurn } from "./rate-gate.ts";
import { type CallLimits, shortestAttemptMs } from "./send.ts";
import type { SharedRate, SharedTurn } from "./shared-rate.ts";
import { wait } from "./wait.ts";

/** How soon newcomers look again while another one asks the shared count. */
const lookAgainMs = 10;

interface Waiter {
  readonly limits: CallLimits;
  /** Leaves the line with that. */
  leave(answer: RateTurn | { readonly againAt: number }): void;
}

/**
 * A gate of one replica that all replicas keep together: who sends has a turn of its own gate and one of the shared count.
 * Its own gate is what remains while the count is away. One line, whose head alone asks the count, so that the order holds
 * and the count is asked once for each turn; nobody asks while the count is known to be used up.
 */
export function createSharedRateGate(own: RateGate, shared: SharedRate, now: () => number): RateGate {
  const line = new Set<Waiter>();
  let isServing = false;
  let turns = 0;
  /** When the shared count has a turn, as it said last; null when it had more to give. */
  let sharedAgainAt: number | null = null;
  let saidAt = 0;
  let sleeping = new AbortController();

  function createTurn(ownTurn: RateTurn, sharedTurn: SharedTurn): RateTurn {
    turns += 1;
    let isOpen = true;
    const close = (note: () => void): void => {
      if (!isOpen) return;
      isOpen = false;
      turns -= 1;
      note();
    };
    return {
      sent: () =>
        close(() => {
          ownTurn.sent();
          sharedTurn.sent();
        }),
      giveBack: () =>
        close(() => {
          ownTurn.giveBack();
          sharedTurn.giveBack();
          sharedAgainAt = null;
          sleeping.abort();
        }),
    };
  }

  function isTooLate(againAt: number, limits: CallLimits): boolean {
    return againAt + shortestAttemptMs > limits.deadlineAt;
  }

  /** When the shared count will have a turn again; null when it may have one now. */
  function closedUntil(): number | null {
    // A clock that was set back says nothing about when that will be.
    const isUpToDate = saidAt <= now();
    return sharedAgainAt !== null && sharedAgainAt > now() && isUpToDate ? sharedAgainAt : null;
  }

  /** Until then, or until something has changed. */
  function sleep(milliseconds: number): Promise<void> {
    sleeping = new AbortController();
    return wait(milliseconds, sleeping.signal);
  }

  async function serve(): Promise<void> {
    if (isServing) return;
    isServing = true;
    while (line.size > 0) await serveHead();
    isServing = false;
  }

  async function serveHead(): Promise<void> {
    const againAt = closedUntil();
    if (againAt !== null) {
      for (const waiter of line) if (isTooLate(againAt, waiter.limits)) waiter.leave({ againAt });
      if (line.size > 0) await sleep(againAt - now());
      return;
    }
    const [head] = line;
    if (!head) return;
    const ownTurn = await own.take(head.limits);
    if ("againAt" in ownTurn) return head.leave(ownTurn);
    if (!line.has(head)) return ownTurn.giveBack();
    const answer = await shared.take();
    saidAt = now();
    sharedAgainAt = answer.againInMs > 0 ? saidAt + answer.againInMs : null;
    if (answer.kind === "wait") return ownTurn.giveBack();
    const turn = createTurn(ownTurn, answer);
    // The head may have left meanwhile; what it asked for suits the next as well.
    const [next] = line;
    if (next) next.leave(turn);
    else turn.giveBack();
  }

  function standInLine(limits: CallLimits): Promise<RateTurn | { readonly againAt: number }> {
    const { signal } = limits;
    return new Promise((resolve) => {
      const waiter: Waiter = {
        limits,
        leave(answer) {
          line.delete(waiter);
          if (line.size === 0) sleeping.abort();
          signal.removeEventListener("abort", abort);
          resolve(answer);
        },
      };
      /** Whoever left needs no turn: it gets one that counts for nothing. */
      const abort = (): void => waiter.leave(noTurn);
      signal.addEventListener("abort", abort);
      line.add(waiter);
      void serve();
    });
  }

  /** Who has a turn waits for the count no more; of the others one may go and ask when its time has come. */
  function sharedFreeAt(unsent: number): number | null {
    const isAsked = sharedAgainAt !== null && Math.max(unsent - turns, line.size) > 0;
    return closedUntil() ?? (isAsked ? now() + lookAgainMs : null);
  }

  return {
    async take(limits) {
      if (limits.signal.aborted) return noTurn;
      const againAt = latest(own.againAt(turns + line.size), closedUntil());
      return againAt !== null && isTooLate(againAt, limits) ? { againAt } : standInLine(limits);
    },
    againAt(unsent) {
      return latest(own.againAt(Math.max(unsent, turns + line.size)), sharedFreeAt(unsent));
    },
  };
}

function latest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}
