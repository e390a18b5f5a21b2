import type { SubjectName } from "./lab.ts";
import type { Measurement } from "./measure.ts";
import type { Cell } from "./workload.ts";

/** A goal of the project in one cell, and what was measured. */
export interface GoalResult {
  readonly goal: string;
  readonly measured: number;
  readonly isMet: boolean;
}

/** Goals whose cells were measured. */
export function judgeGoals(measurements: readonly Measurement[]): GoalResult[] {
  const results: GoalResult[] = [];

  function judge(cell: Cell, goal: string, read: (of: Subjects) => number, isMet: (measured: number) => boolean): void {
    const subjects = subjectsOf(measurements, cell);
    if (!subjects) return;
    const measured = read(subjects);
    results.push({ goal, measured, isMet: isMet(measured) });
  }

  for (const idsPerQuery of [100, 500, 1000]) {
    const cell = { idsPerQuery, upstreamLatencyMs: 0, clients: 64, kind: "distinct" } as const;
    judge(cell, `${idsPerQuery} ids: at least 4 x the obvious throughput`, throughputRatio, (ratio) => ratio >= 4);
    judge(cell, `${idsPerQuery} ids: at most 1.5 x the floor's CPU`, cpuRatio, (ratio) => ratio <= 1.5);
  }
  for (const upstreamLatencyMs of [0, 20]) {
    const cell = { idsPerQuery: 100, upstreamLatencyMs, clients: 64, kind: "overlapping" } as const;
    const goal = `100 overlapping ids at ${upstreamLatencyMs} ms: at most 0.15 upstream calls per query`;
    judge(
      cell,
      goal,
      ({ subgraph }) => subgraph.callsPerQuery,
      (calls) => calls <= 0.15,
    );
  }
  judge(
    { idsPerQuery: 500, upstreamLatencyMs: 0, clients: 64, kind: "terminal" },
    "500 ids, all known to have ended: at least 0.8 x the floor's throughput",
    floorThroughputShare,
    (share) => share >= 0.8,
  );
  judge(
    { idsPerQuery: 1, upstreamLatencyMs: 20, clients: 1, kind: "distinct" },
    "1 id at 20 ms, idle: at most 1 ms over the floor (p50)",
    ({ subgraph, floor }) => subgraph.p50Ms - floor.p50Ms,
    (milliseconds) => milliseconds <= 1,
  );
  judge(
    { idsPerQuery: 1000, upstreamLatencyMs: 0, clients: 64, kind: "distinct" },
    "1000 ids, 64 clients: under 400 MB",
    ({ subgraph }) => subgraph.peakRssMb,
    (megabytes) => megabytes < 400,
  );
  return results;
}

/** What of the floor's queries it answers. */
export const floorThroughputShare = ({ subgraph, floor }: Subjects): number =>
  subgraph.queriesPerSecond / floor.queriesPerSecond;

export type Subjects = Readonly<Record<SubjectName, Measurement>>;

/** How many times the queries that the obvious implementation answers. */
export const throughputRatio = ({ subgraph, obvious }: Subjects): number =>
  subgraph.queriesPerSecond / obvious.queriesPerSecond;

/** How many times the processor time of the floor. */
export const cpuRatio = ({ subgraph, floor }: Subjects): number => subgraph.cpuMsPerQuery / floor.cpuMsPerQuery;

/** Null when the cell was not measured. */
function subjectsOf(measurements: readonly Measurement[], cell: Cell): Subjects | null {
  const find = (subject: SubjectName): Measurement | undefined =>
    measurements.find(
      (measured) =>
        measured.subject === subject &&
        measured.idsPerQuery === cell.idsPerQuery &&
        measured.upstreamLatencyMs === cell.upstreamLatencyMs &&
        measured.clients === cell.clients &&
        measured.kind === cell.kind,
    );
  const [floor, obvious, subgraph] = [find("floor"), find("obvious"), find("subgraph")];
  return floor && obvious && subgraph ? { floor, obvious, subgraph } : null;
}
