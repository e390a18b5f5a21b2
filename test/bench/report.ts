import type { AccountDownResult } from "./account-down.ts";
import { cpuRatio, floorThroughputShare, type GoalResult, type Subjects, throughputRatio } from "./goals.ts";
import { subjectNames } from "./lab.ts";
import type { Measurement } from "./measure.ts";
import type { SoakResult } from "./soak.ts";

/** Everything of one run; what `--json` writes. */
export interface BenchReport {
  readonly startedAt: string;
  readonly node: string;
  readonly processors: number;
  readonly measurements: readonly Measurement[];
  readonly accountDown: AccountDownResult | null;
  readonly soak: SoakResult | null;
  readonly goals: readonly GoalResult[];
}

const columns = [
  ["ids", 5],
  ["kind", 17],
  ["wait", 5],
  ["clients", 8],
  ["server", 10],
  ["queries/s", 11],
  ["p50 ms", 9],
  ["p99 ms", 9],
  ["CPU ms/q", 10],
  ["x floor", 8],
  ["x floor q/s", 12],
  ["x obvious q/s", 14],
  ["peak MB", 8],
  ["calls/q", 8],
  ["minimum", 9],
  ["answers from", 14],
] as const;

export function tableHead({ node, processors }: Pick<BenchReport, "node" | "processors">): string {
  return `Node ${node}, ${processors} processors, shared by load, upstream and server: that lowers all throughputs alike. Compare
ratios, not times. CPU is that of the server's process alone. "minimum": upstream calls of one query for itself.

${columns.map(([name, width]) => name.padStart(width)).join("")}
`;
}

/** One line for each server. */
export function cellLines(subjects: Subjects): string {
  return subjectNames.map((name) => `${line(subjects[name], subjects)}\n`).join("");
}

function line(measured: Measurement, subjects: Subjects): string {
  const compared = { ...subjects, subgraph: measured };
  const values = [
    String(measured.idsPerQuery),
    measured.kind,
    String(measured.upstreamLatencyMs),
    String(measured.clients),
    measured.subject,
    measured.queriesPerSecond.toFixed(1),
    measured.p50Ms.toFixed(2),
    measured.p99Ms.toFixed(2),
    measured.cpuMsPerQuery.toFixed(3),
    cpuRatio(compared).toFixed(2),
    floorThroughputShare(compared).toFixed(2),
    throughputRatio(compared).toFixed(2),
    measured.peakRssMb.toFixed(0),
    measured.callsPerQuery.toFixed(2),
    String(measured.minimumCallsPerQuery),
    sourcesText(measured),
  ];
  return values.map((value, index) => value.padStart(columns[index]?.[1] ?? 0)).join("");
}

function sourcesText({ sources }: Measurement): string {
  const shares = Object.entries(sources).map(([source, share]) => `${source} ${Math.round(share * 100)} %`);
  return `  ${shares.join(", ")}`;
}

export function accountDownText(result: AccountDownResult): string {
  const { undisturbedP99Ms, disturbedP99Ms, downFirstMs, downLaterMs, problems } = result;
  const told = Object.entries(problems).map(([code, count]) => `${code} ${count}`);
  return `
An account is down, 20 ms upstreams
  p99 of a healthy account's queries   ${disturbedP99Ms.toFixed(1)} ms, undisturbed ${undisturbedP99Ms.toFixed(1)} ms
  queries for the account, at first    p50 ${downFirstMs.p50.toFixed(1)} ms, p99 ${downFirstMs.p99.toFixed(1)} ms
  and later                            p50 ${downLaterMs.p50.toFixed(1)} ms, p99 ${downLaterMs.p99.toFixed(1)} ms
  told                                 ${told.join(", ")}
`;
}

export function soakText({ minutes, queries, samples, rssMbPerMinute, heapMbPerMinute }: SoakResult): string {
  const shown = samples.filter((_sample, index) => (index + 1) % 6 === 0);
  const lines = shown.map(
    ({ minute, rssMb, heapMb }) =>
      `  ${minute.toFixed(1).padStart(6)} min   RSS ${rssMb.toFixed(0).padStart(5)} MB   heap ${heapMb.toFixed(1).padStart(6)} MB\n`,
  );
  return `
Memory of the subgraph over ${minutes} minutes, 64 clients, 100 distinct ids, ${queries} queries
${lines.join("")}  trend        RSS ${rssMbPerMinute.toFixed(2)} MB/min, heap ${heapMbPerMinute.toFixed(2)} MB/min
`;
}

export function goalsText(goals: readonly GoalResult[]): string {
  const lines = goals.map(
    ({ goal, measured, isMet }) => `  ${isMet ? "pass" : "FAIL"}  ${measured.toFixed(2).padStart(8)}  ${goal}\n`,
  );
  return `\nGoals\n${lines.join("")}`;
}
