import type { ToldTask } from "../cache/known-task.ts";
import type { Consultation } from "../cache/shared-answers.ts";
import type { EpochMs } from "../tasks/task.ts";
import type { AskLimits } from "../tasks/task-key.ts";

/** One operation that consults the others. */
export interface Inquiry {
  /** From then on it asks for itself what others are asking. */
  readonly giveUpAt: EpochMs;
  /** Nobody waits for it any more. */
  isOver: boolean;
  /** Another replica is asking for a key: what comes of that is settled later. */
  await(index: number): void;
  /** Sets what is told of a key. Once for each; the last one ends it. */
  settle(index: number, known: ToldTask | null): void;
}

/** Longer than a claim holds: who made it has its answer by then, or somebody else asks. */
const longestWaitMs = 4_000;

/** The rest of an operation's time is for asking itself. */
const waitShare = 1 / 2;

/** An attempt is not begun with less than 250 ms left, and we look again every 50 ms only. */
const shortestRestMs = 400;

/** @param heard called once, when it is known of each key whether somebody else is asking, or when nobody waits any more */
export function createInquiry(
  size: number,
  { signal, deadlineAt }: AskLimits,
  now: EpochMs,
  heard: (consultation: Consultation) => void,
): Inquiry {
  const told = new Array<ToldTask | null>(size).fill(null);
  const awaited = new Set<number>();
  const leftMs = deadlineAt - now;
  let [unheard, open] = [size, size];
  let hasTold = false;
  const last = Promise.withResolvers<Consultation["told"]>();

  function tellIfHeard(): void {
    if (unheard > 0 || hasTold) return;
    hasTold = true;
    heard({ told: [...told], awaited: open === 0 ? null : { indexes: new Set(awaited), told: last.promise } });
  }

  function end(): void {
    if (inquiry.isOver) return;
    inquiry.isOver = true;
    signal.removeEventListener("abort", end);
    unheard = 0;
    tellIfHeard();
    last.resolve(told);
  }

  const inquiry: Inquiry = {
    giveUpAt: now + Math.min(leftMs * waitShare, leftMs - shortestRestMs, longestWaitMs),
    isOver: false,
    await(index) {
      if (inquiry.isOver || awaited.has(index)) return;
      awaited.add(index);
      unheard -= 1;
      tellIfHeard();
    },
    settle(index, known) {
      if (inquiry.isOver) return;
      told[index] = known;
      open -= 1;
      if (!awaited.delete(index)) unheard -= 1;
      tellIfHeard();
      if (open === 0) end();
    },
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  return inquiry;
}
