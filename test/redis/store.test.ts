import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createScript } from "../../src/redis/script.ts";
import { createStore, type Store, StoreAway } from "../../src/redis/store.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { newPrefix, prepareRedis, type RedisServer, redisServerMissing, startRedis } from "../support/redis.ts";

const echo = createScript("return { KEYS[1], ARGV[1], 7 }");
const add = createScript('return redis.call("INCRBY", KEYS[1], ARGV[1])');

const servers: RedisServer[] = [];
const stores: Store[] = [];
const ways: Server[] = [];
const log = { info: vi.fn(), warn: vi.fn() };

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await Promise.all(servers.splice(0).map((server) => server.end()));
  for (const way of ways.splice(0)) way.close();
  vi.clearAllMocks();
});

async function start(settings?: readonly string[]): Promise<RedisServer> {
  const server = await startRedis(settings);
  servers.push(server);
  return server;
}

function open(url: string, metrics = createMetrics()): Store {
  const store = createStore({ url, prefix: newPrefix(), metrics, log, random: Math.random });
  stores.push(store);
  return store;
}

async function openUsed(url: string): Promise<Store> {
  const store = open(url);
  await untilUsed(store);
  return store;
}

const untilUsed = (store: Store): Promise<void> => vi.waitFor(() => expect(store.isAvailable()).toBe(true), 5_000);
const untilAway = (store: Store): Promise<void> => vi.waitFor(() => expect(store.isAvailable()).toBe(false), 5_000);

/** How long until the promise settles, and whether it was refused as it should. */
async function timeToRefuse(run: Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await expect(run).rejects.toBeInstanceOf(StoreAway);
  return performance.now() - startedAt;
}

/** A way to a server whose first connection leads nowhere, as when a balancer's server has just died. */
async function openWay(port: number): Promise<{ readonly port: number; taken(): number }> {
  const taken: Socket[] = [];
  const way = createServer((socket) => {
    taken.push(socket.on("error", () => {}));
    if (taken.length > 1) socket.pipe(connect(port, "127.0.0.1").on("error", () => {})).pipe(socket);
  });
  ways.push(way);
  await once(way.listen(0, "127.0.0.1"), "listening");
  return { port: (way.address() as AddressInfo).port, taken: () => taken.length };
}

function block(milliseconds: number): void {
  const endAt = performance.now() + milliseconds;
  while (performance.now() < endAt);
}

describe.skipIf(redisServerMissing)(`createStore${redisServerMissing}`, () => {
  it("runs scripts, known to the server or not", async () => {
    const server = await start();
    const store = await openUsed(server.url);

    const first = await store.run(echo, ["a{1}"], [Buffer.from([0, 255])]);
    const second = await store.run(echo, ["b{1}"], ["ä"]);

    expect(first).toEqual([Buffer.from("a{1}"), Buffer.from([0, 255]), 7]);
    expect(second).toEqual([Buffer.from("b{1}"), Buffer.from("ä"), 7]);
    expect(String(await server.command("INFO", "commandstats"))).toMatch(/cmdstat_eval:calls=2,/);
  });

  it("is away as long as there is no Redis, and says so once", async () => {
    const server = await prepareRedis();
    servers.push(server);
    const metrics = createMetrics();
    const store = open(server.url, metrics);

    await expect(store.run(echo, ["a"], [])).rejects.toBeInstanceOf(StoreAway);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const before = await metrics.expose();
    await server.start();
    await untilUsed(store);
    const after = await metrics.expose();

    expect(log.warn.mock.calls).toEqual([[{ reason: "ECONNREFUSED" }, expect.stringContaining("away")]]);
    expect(log.info).toHaveBeenCalledTimes(1);
    expect(before.text).toContain("batch_task_shared_store_up 0");
    expect(before.text).toContain("batch_task_shared_store_failures_total 1");
    expect(after.text).toContain("batch_task_shared_store_up 1");
  });

  it("costs 50 ms once when Redis hangs, and is back soon after it", async () => {
    const server = await start();
    const store = await openUsed(server.url);
    const onAway = vi.fn();
    store.onAway(onAway);

    server.freeze();
    const first = timeToRefuse(store.run(echo, ["a"], []));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const underWay = timeToRefuse(store.run(echo, ["b"], []));
    const times = await Promise.all([first, underWay]);
    const later = await timeToRefuse(store.run(echo, ["a"], []));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const stillAway = await timeToRefuse(store.run(echo, ["a"], []));
    server.goOn();
    const goesOnAt = performance.now();
    await untilUsed(store);

    expect(times[0]).toBeGreaterThan(40);
    expect(times[0]).toBeLessThan(1_000);
    expect(times[1]).toBeLessThan(1_000);
    expect(Math.max(later, stillAway)).toBeLessThan(1_000);
    expect(performance.now() - goesOnAt).toBeLessThan(2_500);
    expect(onAway).toHaveBeenCalledTimes(1);
    expect([log.warn.mock.calls.length, log.info.mock.calls.length]).toEqual([1, 2]);
    expect(await store.run(echo, ["a"], ["x"])).toEqual([Buffer.from("a"), Buffer.from("x"), 7]);
  });

  it("gives up a connection that is taken and never served, and opens another one", async () => {
    const server = await start();
    const way = await openWay(server.port);
    const store = open(`redis://127.0.0.1:${way.port}`);

    await untilUsed(store);

    expect(way.taken()).toBe(2);
    expect(await store.run(echo, ["a"], ["x"])).toEqual([Buffer.from("a"), Buffer.from("x"), 7]);
  });

  it("notices by itself that Redis is gone, and is back soon after it", async () => {
    const server = await start();
    const store = await openUsed(server.url);

    await server.kill();
    await untilAway(store);
    await server.start();
    const startedAt = performance.now();
    await untilUsed(store);

    expect(performance.now() - startedAt).toBeLessThan(2_500);
    expect(await store.run(add, ["a"], ["2"])).toBe(2);
  });

  it("does not hold our own lag against Redis", async () => {
    const server = await start();
    const store = await openUsed(server.url);

    for (let round = 0; round < 5; round += 1) {
      const atOnce = store.run(add, ["a"], ["1"]);
      block(120);
      await atOnce;
      const onItsWay = store.run(add, ["a"], ["1"]);
      await new Promise((resolve) => setImmediate(resolve));
      block(120);
      await onItsWay;
    }

    expect(await store.run(add, ["a"], ["0"])).toBe(10);
  });

  it.each([
    ["is full", ["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"], "OOM"],
    ["follows another", ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"], "READONLY"],
  ])("is away while Redis %s", async (_what, begin, end, reason) => {
    const server = await start();
    const store = await openUsed(server.url);

    await server.command(...begin);
    await expect(store.run(add, ["a"], ["1"])).rejects.toBeInstanceOf(StoreAway);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const isBackTooSoon = store.isAvailable();
    await server.command(...end);
    await untilUsed(store);

    expect(isBackTooSoon).toBe(false);
    expect(log.warn.mock.calls).toEqual([[{ reason }, expect.any(String)]]);
  });

  it("is away when the password is wrong, and tells neither it nor a key", async () => {
    const server = await start(["--requirepass", "right-password"]);
    const store = open(server.url.replace("//", "//:wrong-password@"));
    const right = open(server.url.replace("//", "//:right-password@"));

    await untilUsed(right);
    await vi.waitFor(() => expect(log.warn).toHaveBeenCalled());
    const broken = createScript('return redis.call("GET", KEYS[1] .. " secret-key", "too much")');
    await expect(right.run(broken, ["secret-key"], [])).rejects.toBeInstanceOf(StoreAway);

    expect(store.isAvailable()).toBe(false);
    expect(JSON.stringify(log.warn.mock.calls)).not.toMatch(/password|secret-key|127\.0\.0\.1/);
  });

  it("closes at once, also while Redis hangs or is being connected to", async () => {
    const server = await start();
    const store = await openUsed(server.url);
    server.freeze();
    const opening = open(server.url);
    const run = timeToRefuse(store.run(echo, ["a"], []));

    const startedAt = performance.now();
    await store.close();
    await opening.close();

    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(await run).toBeLessThan(1_000);
    server.goOn();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect([store.isAvailable(), opening.isAvailable()]).toEqual([false, false]);
    expect(
      String(await server.command("CLIENT", "LIST"))
        .trim()
        .split("\n"),
    ).toHaveLength(1);
  });
});
