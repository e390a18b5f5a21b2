import { monitorEventLoopDelay } from "node:perf_hooks";
import { createClient } from "@redis/client";
import { createStore, type Store } from "../../src/redis/store.ts";
import { noLog } from "../support/client-tools.ts";
import { newPrefix } from "../support/redis.ts";

const noMetrics = { watchSharedStore: () => undefined, sharedStoreFailure: () => undefined };

let timesAway = 0;

/** What arrives late by as much may arrive in another second than it was sent in: a rate allows for no more. */
const allowedLagMs = 20;

/**
 * Tries again when a busy machine kept Redis from answering in time, because then nobody counts and each goes on by itself;
 * or kept this process from sending when it wanted to. What is wrong is wrong each time.
 */
export function steadily(test: () => Promise<void>): () => Promise<void> {
  return async () => {
    for (let attempt = 1; ; attempt += 1) {
      const before = timesAway;
      const lag = monitorEventLoopDelay({ resolution: 5 });
      lag.enable();
      try {
        return await test();
      } catch (error) {
        const wasSteady = timesAway === before && lag.max < allowedLagMs * 1e6;
        if (wasSteady || attempt === 5) throw error;
      } finally {
        lag.disable();
      }
    }
  };
}

/** One store for each replica, in use. */
export async function openStores(url: string, replicas: number): Promise<Store[]> {
  const stores = Array.from({ length: replicas }, () =>
    createStore({ url, prefix: newPrefix(), metrics: noMetrics, log: noLog, random: Math.random }),
  );
  for (const store of stores) {
    store.onAway(() => {
      timesAway += 1;
    });
  }
  while (!stores.every((store) => store.isAvailable())) await new Promise((resolve) => setTimeout(resolve, 5));
  return stores;
}

/** What an onlooker learns of Redis. */
export async function askRedis(url: string, ...command: readonly (string | Buffer)[]): Promise<unknown> {
  const client = createClient({ url });
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

/** The most that lie in any stretch of that length. */
export function mostWithin(times: readonly number[], spanMs: number): number {
  return Math.max(0, ...times.map((end) => times.filter((at) => at > end - spanMs && at <= end).length));
}
