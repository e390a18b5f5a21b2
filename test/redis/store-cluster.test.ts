import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createScript } from "../../src/redis/script.ts";
import { createStore, type Store } from "../../src/redis/store.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { newPrefix, type RedisServer, redisServerMissing, startRedisCluster } from "../support/redis.ts";

const add = createScript('return redis.call("INCRBY", KEYS[1], ARGV[1]) + redis.call("INCRBY", KEYS[2], ARGV[1])');

let nodes: readonly RedisServer[] = [];
let spare: RedisServer | undefined;
const stores: Store[] = [];

beforeAll(async () => {
  if (redisServerMissing !== "") return;
  const all = await startRedisCluster(1);
  nodes = all.slice(0, 3);
  spare = all[3];
}, 60_000);

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

afterAll(async () => {
  await Promise.all([...nodes, spare].map((node) => node?.end()));
});

const untilUsed = (store: Store): Promise<void> => vi.waitFor(() => expect(store.isAvailable()).toBe(true), 15_000);

async function openUsed(url = ""): Promise<Store> {
  const log = { info: vi.fn(), warn: vi.fn() };
  const store = createStore({ url, prefix: newPrefix(), metrics: createMetrics(), log, random: Math.random });
  stores.push(store);
  await untilUsed(store);
  return store;
}

/** Whether it is in use, looked at again and again. */
async function watch(store: Store, milliseconds: number): Promise<boolean[]> {
  const seen = new Set<boolean>();
  const endAt = performance.now() + milliseconds;
  while (performance.now() < endAt) {
    seen.add(store.isAvailable());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return [...seen];
}

/** One hash tag each, all over the Cluster. */
const addEverywhere = (store: Store, amount: number): Promise<unknown[]> =>
  Promise.all(Array.from({ length: 30 }, (_, tag) => store.run(add, [`a:{${tag}}`, `b:{${tag}}`], [String(amount)])));

describe.skipIf(redisServerMissing)(`a store in a Cluster${redisServerMissing}`, () => {
  it("runs each script where its keys are, whichever node it is told of", async () => {
    const stores = await Promise.all(nodes.map(({ url }) => openUsed(url)));

    for (const store of stores) await addEverywhere(store, 1);

    expect(await addEverywhere(await openUsed(nodes[0]?.url), 0)).toEqual(Array.from({ length: 30 }, () => 6));
    for (const node of nodes) expect(Number(await node.command("DBSIZE"))).toBeGreaterThan(5);
  });

  it("follows keys that move", async () => {
    const store = await openUsed(nodes[0]?.url);
    const slot = String(await nodes[0]?.command("CLUSTER", "KEYSLOT", "a:{moved}"));
    const ids = await Promise.all(nodes.map(async (node) => String(await node.command("CLUSTER", "MYID"))));
    const owner = Math.min(2, Math.floor(Number(slot) / 5461));
    const target = ids[(owner + 1) % 3] ?? "";

    for (const node of nodes) await node.command("CLUSTER", "SETSLOT", slot, "NODE", target).catch(() => {});

    expect(await store.run(add, ["a:{moved}", "b:{moved}"], ["3"])).toBe(6);
  });

  it("is away while a node refuses", async () => {
    const store = await openUsed(nodes[0]?.url);

    await nodes[1]?.command("CONFIG", "SET", "maxmemory", "1");
    await expect(addEverywhere(store, 1)).rejects.toThrow("away");
    const seen = await watch(store, 1_500);
    await nodes[1]?.command("CONFIG", "SET", "maxmemory", "0");
    await untilUsed(store);

    expect(seen).toEqual([false]);
    expect(await addEverywhere(store, 0)).toHaveLength(30);
  });

  it.each<[string, () => unknown]>([
    ["hangs", () => spare?.freeze()],
    ["is gone", () => spare?.kill()],
  ])("is reached over the other nodes when the one it was told of %s", async (_what, hurt) => {
    const store = await openUsed(spare?.url);

    await hurt();
    await nodes[0]?.command("CLIENT", "KILL", "TYPE", "normal");
    await vi.waitFor(() => expect(store.isAvailable()).toBe(false));
    await untilUsed(store);

    spare?.goOn();
    expect(await addEverywhere(store, 0)).toHaveLength(30);
  });

  it("is away while a node is, and is used again when all are back", async () => {
    const [first, second, third] = nodes;
    const store = await openUsed(first?.url);

    second?.freeze();
    await expect(addEverywhere(store, 0)).rejects.toThrow("away");
    const whileFrozen = store.isAvailable();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const stillFrozen = store.isAvailable();
    second?.goOn();
    await untilUsed(store);
    await third?.kill();
    await vi.waitFor(() => expect(store.isAvailable()).toBe(false));
    await third?.start();

    expect([whileFrozen, stillFrozen]).toEqual([false, false]);
    // A node that has just started refuses for some seconds.
    await vi.waitFor(async () => expect(await addEverywhere(store, 0)).toHaveLength(30), 20_000);
  }, 40_000);
});
