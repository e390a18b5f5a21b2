import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { type Lookup, lookupQuery } from "../end-to-end/asking.ts";
import { postQuery } from "../federation/supergraph-world.ts";
import { createDice } from "../graphql/dice.ts";
import { prepareRedis, type RedisServer, redisServerMissing } from "../support/redis.ts";
import { isStoreUp, type ReplicaWorld, startReplicaWorld } from "./replica-world.ts";
import { createScaledClock } from "./scaled-clock.ts";

const workers = 12;
const idsPerQuery = 20;

describe.skipIf(redisServerMissing !== "")(`replicas under load${redisServerMissing}`, { timeout: 60_000 }, () => {
  let sandbox: Sandbox;
  let redis: RedisServer;
  let world: ReplicaWorld;

  beforeAll(async () => {
    sandbox = await startSandbox();
    redis = await prepareRedis();
    await redis.start();
    const clock = createScaledClock(Date.now(), 1);
    const rateLimit = { perSecond: 100_000 };
    const accounts = Object.fromEntries(Object.keys(sandbox.accounts()).map((name) => [name, { rateLimit }]));
    world = await startReplicaWorld({ sandbox, clock, replicas: 3, redisUrl: redis.url, accounts });
  }, 60_000);

  afterAll(async () => {
    await world?.close();
    await sandbox?.close();
    await redis?.end();
  });

  /** Ask for tasks by chance, each one after another, until told to stop. Answers what went wrong. */
  function startLoad(): { answered(): number; stop(): Promise<readonly string[]> } {
    const dice = createDice(7);
    const ids = sandbox
      .tasks()
      .filter(({ account }) => account === "sim" || account === "ops" || account === "drs-prod")
      .map(({ account, upstreamId }) => `${account}:${upstreamId}`);
    const wrong: string[] = [];
    let isOver = false;
    let answered = 0;

    async function work(worker: number): Promise<void> {
      const url = world.replicas[worker % world.replicas.length]?.url;
      while (!isOver) {
        const asked = [...new Set(Array.from({ length: idsPerQuery }, () => dice.pick(ids)))];
        const { data, errors } = await postQuery(`${url}/graphql`, lookupQuery, { ids: asked });
        answered += 1;
        if (errors) wrong.push(JSON.stringify(errors));
        const lookups: readonly Lookup[] = data?.batchTasks.lookups ?? [];
        asked.forEach((id, place) => {
          const lookup = lookups[place];
          if (lookup?.task?.id !== id || lookup.problem) wrong.push(`${id}: ${lookup?.problem?.code}`);
        });
      }
    }

    const working = Array.from({ length: workers }, (_, worker) => work(worker));
    return {
      answered: () => answered,
      async stop() {
        isOver = true;
        await Promise.all(working);
        return wrong;
      },
    };
  }

  /** Answers stand there, not just what says that Redis is reached. */
  const holdsAnswers = async (): Promise<boolean> => Number(await redis.command("DBSIZE")) > 10;

  it.each([
    ["is gone", () => redis.kill(), () => redis.start()],
    ["hangs", () => redis.freeze(), () => redis.goOn()],
  ])("fail no query when Redis %s, and use it again within five seconds of its return", async (_how, end, begin) => {
    for (const { url } of world.replicas) await expect.poll(() => isStoreUp(url)).toBe(true);
    const load = startLoad();
    await expect.poll(holdsAnswers).toBe(true);

    await end();
    const before = load.answered();
    for (const { url } of world.replicas) await expect.poll(() => isStoreUp(url)).toBe(false);
    await pause(2_000);
    const without = load.answered() - before;

    await begin();
    await redis.command("FLUSHALL");
    const backAt = Date.now();
    for (const { url } of world.replicas) await expect.poll(() => isStoreUp(url), { interval: 50 }).toBe(true);
    await expect.poll(holdsAnswers, { interval: 50 }).toBe(true);
    const awayMs = Date.now() - backAt;

    expect(await load.stop()).toEqual([]);
    expect(without).toBeGreaterThan(20);
    expect(awayMs).toBeLessThan(5_000);
  });
});

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
