import { createAnswerCheck } from "./check-answer.ts";
import type { RawAnswer } from "./client.ts";
import type { Lab } from "./lab.ts";
import { type Load, startLoad } from "./load.ts";
import { type Interval, proceed } from "./measure.ts";
import { percentile } from "./statistics.ts";
import { distinctIds } from "./workload.ts";

/** What clients of a healthy account feel of another account's being down, and what the other's clients feel. */
export interface AccountDownResult {
  /** The same load, all accounts healthy. */
  readonly undisturbedP99Ms: number;
  readonly disturbedP99Ms: number;
  /** Of queries for the account that is down: when it has just begun to fail, and later. */
  readonly downFirstMs: { readonly p50: number; readonly p99: number };
  readonly downLaterMs: { readonly p50: number; readonly p99: number };
  /** How often each problem was told later, by code. */
  readonly problems: Readonly<Record<string, number>>;
}

const upstreamLatencyMs = 20;
const idsPerQuery = 10;
const watchedClients = 8;
/** They rest between queries: an answer without a call comes so fast that they would fight for the processor instead. */
const otherClients = 32;
const pauseMs = 50;

export async function measureAccountDown(lab: Lab, interval: Interval): Promise<AccountDownResult> {
  const { url } = lab.subjects.subgraph;
  await lab.setUpstreamLatency(upstreamLatencyMs);
  const watchedIds = distinctIds(idsPerQuery);
  const checkWatched = await createAnswerCheck(url, watchedIds);
  const others = { url, clients: otherClients, pauseMs };

  async function watch(other: Load): Promise<{ p99Ms: number; first: readonly number[]; later: readonly number[] }> {
    const watched = startLoad({ url, clients: watchedClients, nextIds: watchedIds, checkAnswer: checkWatched });
    const loads = [watched, other];
    await proceedAll(loads, interval.measuredMs);
    const first = other.latencies;
    for (const load of loads) load.forget();
    await proceedAll(loads, interval.measuredMs);
    await Promise.all(loads.map((load) => load.stop()));
    return { p99Ms: percentile(watched.latencies, 0.99), first, later: other.latencies };
  }

  const undisturbed = await watch(startLoad({ ...others, nextIds: watchedIds, checkAnswer: checkWatched }));
  const problems: Record<string, number> = {};
  const disturbed = await watch(
    startLoad({
      ...others,
      nextIds: distinctIds(1, "down"),
      checkAnswer: (answer) => {
        const code = problemOf(answer);
        problems[code] = (problems[code] ?? 0) + 1;
      },
    }),
  );
  await lab.takeCounts();
  return {
    undisturbedP99Ms: undisturbed.p99Ms,
    disturbedP99Ms: disturbed.p99Ms,
    downFirstMs: summary(disturbed.first),
    downLaterMs: summary(disturbed.later),
    problems,
  };
}

async function proceedAll(loads: readonly Load[], milliseconds: number): Promise<void> {
  await Promise.all(loads.map((load) => proceed(load, milliseconds)));
}

function problemOf({ chunks }: RawAnswer): string {
  const code = /"problem":\{"code":"([A-Z_]+)"/.exec(Buffer.concat(chunks).toString())?.[1];
  if (code === undefined) throw new Error("An account that is down gave an answer");
  return code;
}

const summary = (samples: readonly number[]): { p50: number; p99: number } => ({
  p50: percentile(samples, 0.5),
  p99: percentile(samples, 0.99),
});
