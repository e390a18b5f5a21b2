import { setTimeout as sleep } from "node:timers/promises";
import { createAnswerCheck } from "./check-answer.ts";
import type { Lab, SubjectName, Subjects } from "./lab.ts";
import { type Load, startLoad } from "./load.ts";
import { noSources, readSources, sharesSince } from "./sources.ts";
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
  /** Shares of the subgraph's answers by where they are from; empty for the others. */
  readonly sources: Readonly<Record<string, number>>;
}

export interface Interval {
  readonly warmUpMs: number;
  /** New queries begin until then; the last ones are waited for. */
  readonly measuredMs: number;
}

/** @throws when an answer is wrong, incomplete or missing, or an upstream call is refused */
export async function measure(lab: Lab, subject: SubjectName, cell: Cell, interval: Interval): Promise<Measurement> {
  const server = subjectsOf(lab, cell)[subject];
  const nextIds = idsOf(cell);
  await lab.setUpstreamLatency(cell.upstreamLatencyMs);
  const checkAnswer = await createAnswerCheck(server.url, nextIds);
  const options = { url: server.url, clients: cell.clients, nextIds, checkAnswer };
  await runFor(startLoad(options), interval.warmUpMs);
  await lab.takeCounts();

  // From the first query to the last answer: where 64 queries take a second together, a cut through them would count the
  // processor time of some and the answers of others.
  const readTheirSources = () => (subject === "subgraph" ? readSources(server.url) : noSources);
  const sourcesBefore = await readTheirSources();
  const usageBefore = await server.usage();
  const startedAt = performance.now();
  const { answered: queries, latencies } = await runFor(startLoad(options), interval.measuredMs);
  const seconds = (performance.now() - startedAt) / 1000;
  const usage = await server.usage();
  const sources = sharesSince(sourcesBefore, await readTheirSources());
  const { calls, ids, refusals } = await lab.takeCounts();
  if (refusals.length > 0) throw new Error(`${subject}: ${refusals.length} calls refused, the first: ${refusals[0]}`);
  return {
    ...cell,
    subject,
    queries,
    queriesPerSecond: queries / seconds,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuMsPerQuery: (usage.cpuMs - usageBefore.cpuMs) / queries,
    peakRssMb: usage.peakRssBytes / 2 ** 20,
    callsPerQuery: calls / queries,
    minimumCallsPerQuery: minimumCalls(cell),
    idsPerCall: calls === 0 ? 0 : ids / calls,
    sources,
  };
}

/** What is kept of earlier answers is of use where tasks have ended; elsewhere the bench is about asking. */
function subjectsOf(lab: Lab, { kind }: Cell): Subjects {
  if (kind === "shared-terminal") {
    if (!lab.sharingSubjects) throw new Error("There is no Redis for what is shared");
    return lab.sharingSubjects;
  }
  return kind === "terminal" || kind === "half-terminal" ? lab.keepingSubjects : lab.subjects;
}

/** Lets a load go on for a while and then finish, unless an answer is wrong. */
async function runFor(load: Load, milliseconds: number): Promise<Load> {
  await proceed(load, milliseconds);
  await load.stop();
  return load;
}

/** Waits while a load goes on. Rejects as soon as one of its answers is wrong. */
export async function proceed(load: Load, milliseconds: number): Promise<void> {
  await Promise.race([sleep(milliseconds), load.failed]);
}
