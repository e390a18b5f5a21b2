import { setTimeout as sleep } from "node:timers/promises";
import { createAnswerCheck } from "./check-answer.ts";
import type { Lab, SubjectName } from "./lab.ts";
import { type Load, startLoad } from "./load.ts";
import { percentile } from "./statistics.ts";
import { type Cell, idsOf, minimumCalls } from "./workload.ts";

/** One server in one cell. */
export interface Measurement extends Cell {
  readonly subject: SubjectName;
  readonly queries: number;
  readonly queriesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** User and system time of the server's process alone. */
  readonly cpuMsPerQuery: number;
  readonly peakRssMb: number;
  readonly callsPerQuery: number;
  /** Of one query for itself; servers that share calls between queries get below it. */
  readonly minimumCallsPerQuery: number;
  readonly idsPerCall: number;
}

export interface Interval {
  readonly warmUpMs: number;
  /** Goes on until at least one query is answered. */
  readonly measuredMs: number;
}

/** @throws when an answer is wrong, incomplete or missing, or an upstream call is refused */
export async function measure(lab: Lab, subject: SubjectName, cell: Cell, interval: Interval): Promise<Measurement> {
  const server = lab.subjects[subject];
  const nextIds = idsOf(cell);
  await lab.setUpstreamLatency(cell.upstreamLatencyMs);
  const checkAnswer = await createAnswerCheck(server.url, nextIds);
  await lab.takeCounts();

  const load = startLoad({ url: server.url, clients: cell.clients, nextIds, checkAnswer });
  await runFor(load, interval.warmUpMs);
  const usageBefore = await server.usage();
  const startedAt = performance.now();
  const answeredBefore = load.answered;
  const latencies = load.record();
  do await runFor(load, interval.measuredMs);
  while (load.answered === answeredBefore);
  const measuredMs = performance.now() - startedAt;
  const queries = load.answered - answeredBefore;
  const [p50Ms, p99Ms] = [percentile(latencies, 0.5), percentile(latencies, 0.99)];
  const usage = await server.usage();
  await load.stop();

  // Counted over the whole load, so that no call stands without its query.
  const { calls, ids, refusals } = await lab.takeCounts();
  if (refusals.length > 0) throw new Error(`${subject}: ${refusals.length} calls refused, the first: ${refusals[0]}`);
  return {
    ...cell,
    subject,
    queries,
    queriesPerSecond: (queries / measuredMs) * 1000,
    p50Ms,
    p99Ms,
    cpuMsPerQuery: (usage.cpuMs - usageBefore.cpuMs) / queries,
    peakRssMb: usage.peakRssBytes / 2 ** 20,
    callsPerQuery: calls / load.answered,
    minimumCallsPerQuery: minimumCalls(cell.idsPerQuery),
    idsPerCall: ids / calls,
  };
}

/** Lets a load go on for a while, unless an answer is wrong. */
export async function runFor(load: Load, milliseconds: number): Promise<void> {
  await Promise.race([sleep(milliseconds), load.failed]);
}
