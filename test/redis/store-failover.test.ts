import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createScript } from "../../src/redis/script.ts";
import { createStore, type Store } from "../../src/redis/store.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { newPrefix, type RedisServer, redisServerMissing, startRedisCluster } from "../support/redis.ts";

const add = createScript('return redis.call("INCRBY", KEYS[1], ARGV[1])');

let nodes: readonly RedisServer[] = [];
let store: Store | undefined;

beforeAll(async () => {
  if (redisServerMissing !== "") return;
  nodes = await startRedisCluster(1);
  const [first, , , spare] = nodes;
  const id = String(await first?.command("CLUSTER", "MYID"));
  await vi.waitFor(() => spare?.command("CLUSTER", "REPLICATE", id), { timeout: 10_000, interval: 100 });
  await vi.waitFor(async () => expect(await spare?.command("INFO", "replication")).toMatch("master_link_status:up"), {
    timeout: 20_000,
    interval: 100,
  });
}, 60_000);

afterAll(async () => {
  await store?.close();
  await Promise.all(nodes.map((node) => node.end()));
});

describe.skipIf(redisServerMissing)(`a store in a Cluster with a spare node${redisServerMissing}`, () => {
  it("is used again when the spare has taken the place of a primary that is gone", { timeout: 60_000 }, async () => {
    const [first] = nodes;
    const log = { info: vi.fn(), warn: vi.fn() };
    const opened = createStore({
      url: first?.url ?? "",
      prefix: newPrefix(),
      metrics: createMetrics(),
      log,
      random: Math.random,
    });
    store = opened;
    const addEverywhere = (amount: number): Promise<unknown[]> =>
      Promise.all(Array.from({ length: 30 }, (_, tag) => opened.run(add, [`a:{${tag}}`], [String(amount)])));
    const untilUsed = (): Promise<void> => vi.waitFor(() => expect(opened.isAvailable()).toBe(true), 30_000);
    await untilUsed();
    await addEverywhere(1);

    await first?.kill();
    await vi.waitFor(() => expect(opened.isAvailable()).toBe(false), 5_000);
    await untilUsed();

    await vi.waitFor(async () => expect(await addEverywhere(0)).toHaveLength(30), 20_000);
  });
});
