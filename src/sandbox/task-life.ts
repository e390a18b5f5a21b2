import { hashToFraction } from "./hash-to-fraction.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

export type TaskPhase = "waiting" | "running" | "paused" | "succeeded" | "failed" | "stopped";

/** Where a made-up task stands. Instants are epoch milliseconds in whole seconds, as the upstreams write them. */
export interface TaskLife {
  readonly phase: TaskPhase;
  /** How much of the work is done, 0 to 1; below 1 for ever when the task failed or was stopped. */
  readonly fraction: number;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** A life as it is written down before it begins. */
interface LifePlan {
  readonly createdAt: number;
  /** Infinity: nobody ever starts it. */
  readonly startsAt: number;
  readonly workMs: number;
  readonly ending: "succeeded" | "failed" | "stopped";
  /** The part of the work after which it ends; 1 when it succeeds. */
  readonly endsAtFraction: number;
  readonly pause: { readonly atFraction: number; readonly lengthMs: number } | null;
}

/**
 * The life of task `taskNumber`: a pure function, so that every clock may jump. Lengths are spread evenly over orders of
 * magnitude (20 s to 8 h of work): a sandbox that runs for hours still has tasks that move and tasks that end while
 * somebody watches. About one in ten never starts, one in ten fails, one in twelve pauses.
 */
export function taskLifeAt(taskNumber: number, sandboxStartAt: number, now: number): TaskLife {
  const plan = planLife(taskNumber, sandboxStartAt);
  const { createdAt, startsAt, workMs, pause } = plan;
  if (now < startsAt) return { phase: "waiting", fraction: 0, createdAt, startedAt: null, endedAt: null };

  const begun = { createdAt, startedAt: startsAt, endedAt: null };
  const pausedAt = pause === null ? Number.POSITIVE_INFINITY : startsAt + pause.atFraction * workMs;
  const pausedMs = pause === null ? 0 : Math.max(0, Math.min(now - pausedAt, pause.lengthMs));
  if (pause !== null && now >= pausedAt && pausedMs < pause.lengthMs) {
    return { ...begun, phase: "paused", fraction: pause.atFraction };
  }

  const fraction = (now - startsAt - pausedMs) / workMs;
  if (fraction < plan.endsAtFraction) return { ...begun, phase: "running", fraction };
  const pauseMs = pause?.lengthMs ?? 0;
  const endedAt = wholeSeconds(startsAt + plan.endsAtFraction * workMs + pauseMs);
  return { ...begun, phase: plan.ending, fraction: plan.endsAtFraction, endedAt };
}

function planLife(taskNumber: number, sandboxStartAt: number): LifePlan {
  const draw = (what: string): number => hashToFraction(`${taskNumber}/${what}`);
  const createdAt = wholeSeconds(sandboxStartAt - spread(draw("age"), 10 * SECOND_MS, 6 * HOUR_MS));
  const neverStarts = draw("start") < 0.1;
  const ending = draw("ending");
  const startsAt = createdAt + wholeSeconds(spread(draw("wait"), 2 * SECOND_MS, 30 * MINUTE_MS));
  const succeeds = ending >= 0.16;

  return {
    createdAt,
    startsAt: neverStarts ? Number.POSITIVE_INFINITY : startsAt,
    workMs: spread(draw("work"), 20 * SECOND_MS, 8 * HOUR_MS),
    ending: succeeds ? "succeeded" : ending < 0.1 ? "failed" : "stopped",
    endsAtFraction: succeeds ? 1 : 0.1 + 0.8 * draw("end"),
    pause: succeeds && ending < 0.24 ? planPause(draw) : null,
  };
}

function planPause(draw: (what: string) => number): LifePlan["pause"] {
  const forGood = draw("resume") < 0.5;
  const lengthMs = wholeSeconds(spread(draw("pause"), 30 * SECOND_MS, HOUR_MS));
  return { atFraction: 0.2 + 0.6 * draw("pause at"), lengthMs: forGood ? Number.POSITIVE_INFINITY : lengthMs };
}

function spread(fraction: number, from: number, to: number): number {
  return from * (to / from) ** fraction;
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / SECOND_MS) * SECOND_MS;
}
