import type { Poll } from "./polling-clients.ts";
import type { UpstreamAsks } from "./upstream-asks.ts";
import type { WatchedTask } from "./watched-tasks.ts";

/** Seconds; the tenth of a task's age between these is its poll period. */
const periodRange: Readonly<Record<string, readonly [floor: number, cap: number]>> = {
  sim: [5, 60],
  ops: [10, 60],
  "drs-prod": [30, 120],
  "spark-prod": [5, 60],
  lark: [5, 60],
};

/** What upstreams were asked, against what is worth asking. */
export interface AskCount {
  readonly asked: number;
  /** One for each task and poll period. */
  readonly worthAsking: number;
}

/** Counts the ids of all calls for each task, from when it was first told until it was last seen under way. */
export function countAsks(tasks: readonly WatchedTask[], polls: readonly Poll[], asks: UpstreamAsks): AskCount {
  let asked = 0;
  let worthAsking = 0;
  for (const task of tasks) {
    const seen = timesUnderWay(task.id, polls);
    if (!seen) continue;
    asked += asks.of(task.upstream, task.upstreamId).filter((at) => at > seen.first && at <= seen.last).length;
    worthAsking += periodsBetween(task, seen);
  }
  return { asked, worthAsking };
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/** When it was first told, and when it was last told to be under way. */
function timesUnderWay(id: string, polls: readonly Poll[]): Span | null {
  const told = polls.flatMap(({ lookups }) => lookups?.filter(({ task }) => task?.id === id) ?? []);
  const active = told.filter(({ task }) => task?.status === "RUNNING" || task?.status === "PENDING");
  const times = active.map(({ task }) => Date.parse(task?.observation.observedAt ?? ""));
  return times.length === 0 ? null : { first: Math.min(...times), last: Math.max(...times) };
}

/** Whole periods and what is left at the end, as a fraction: many tasks together have no rounding then. */
function periodsBetween({ account, createdAt }: WatchedTask, { first, last }: Span): number {
  const [floor, cap] = periodRange[account] ?? [0, 0];
  let periods = 0;
  for (let at = first; at < last; ) {
    const period = Math.min(Math.max(floor * 1000, 0.1 * (at - (createdAt ?? first))), cap * 1000);
    periods += Math.min(1, (last - at) / period);
    at += period;
  }
  return periods;
}
