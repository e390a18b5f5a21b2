import { createAnswerCheck } from "./check-answer.ts";
import type { Lab } from "./lab.ts";
import { startLoad } from "./load.ts";
import { proceed } from "./measure.ts";
import { slope } from "./statistics.ts";
import { distinctIds } from "./workload.ts";

/** The subgraph's memory under a load that goes on. */
export interface SoakResult {
  readonly minutes: number;
  readonly queries: number;
  readonly samples: readonly MemorySample[];
  /** Trend without the first fifth, in which caches and the compiler settle. */
  readonly rssMbPerMinute: number;
  readonly heapMbPerMinute: number;
}

export interface MemorySample {
  readonly minute: number;
  readonly rssMb: number;
  /** Lowest within the sample's time: about what a collection leaves. */
  readonly heapMb: number;
}

const clients = 64;
const idsPerQuery = 100;
const samplesInAll = 60;
const mebibyte = 2 ** 20;

export async function soak(lab: Lab, minutes: number): Promise<SoakResult> {
  const { subgraph } = lab.subjects;
  await lab.setUpstreamLatency(0);
  const nextIds = distinctIds(idsPerQuery);
  const load = startLoad({
    url: subgraph.url,
    clients,
    nextIds,
    checkAnswer: await createAnswerCheck(subgraph.url, nextIds),
  });
  const samples: MemorySample[] = [];
  for (let taken = 1; taken <= samplesInAll; taken += 1) {
    load.forget();
    await proceed(load, (minutes * 60_000) / samplesInAll);
    const { rssBytes, leastHeapBytes } = await subgraph.usage();
    samples.push({
      minute: (minutes * taken) / samplesInAll,
      rssMb: rssBytes / mebibyte,
      heapMb: leastHeapBytes / mebibyte,
    });
  }
  await load.stop();
  await lab.takeCounts();
  const settled = samples.slice(samplesInAll / 5);
  return {
    minutes,
    queries: load.answered,
    samples,
    rssMbPerMinute: slope(settled.map(({ minute, rssMb }) => [minute, rssMb])),
    heapMbPerMinute: slope(settled.map(({ minute, heapMb }) => [minute, heapMb])),
  };
}
