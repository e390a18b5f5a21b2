import { getHeapStatistics } from "node:v8";
import { answerParent } from "./answer-parent.ts";

/** What a process has used. Loaded into every measured process with `--import`, so that all are measured alike. */
export interface Usage {
  /** User and system time since the process began, milliseconds. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** Highest since the question before. */
  readonly peakRssBytes: number;
  /** Lowest since the question before: about what a collection leaves. */
  readonly leastHeapBytes: number;
}

const sampleEveryMs = 50;

let peakRssBytes = 0;
let leastHeapBytes = Number.POSITIVE_INFINITY;

function sample(): void {
  peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
  leastHeapBytes = Math.min(leastHeapBytes, getHeapStatistics().used_heap_size);
}

function readUsage(): Usage {
  sample();
  const { user, system } = process.cpuUsage();
  const usage = { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss(), peakRssBytes, leastHeapBytes };
  peakRssBytes = 0;
  leastHeapBytes = Number.POSITIVE_INFINITY;
  return usage;
}

setInterval(sample, sampleEveryMs).unref();
answerParent({ usage: readUsage });
