import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { idsOf, lookupQuery } from "../end-to-end/asking.ts";
import { postQuery } from "../federation/supergraph-world.ts";
import { mostWithin } from "../redis/stores.ts";
import { prepareRedis, type RedisServer, redisServerMissing } from "../support/redis.ts";
import { isStoreUp, type ReplicaWorld, startReplicaWorld } from "./replica-world.ts";
import { createScaledClock } from "./scaled-clock.ts";

const perSecond = 10;
const attempts = 3;

let sandbox: Sandbox;
let redis: RedisServer;

beforeAll(async () => {
  sandbox = await startSandbox();
  redis = await prepareRedis();
  if (redisServerMissing === "") await redis.start();
});

afterAll(async () => {
  await sandbox.close();
  await redis.end();
});

/** Three new replicas, on the real clock, that have Redis in use. */
async function startReplicas(): Promise<ReplicaWorld> {
  const world = await startReplicaWorld({
    sandbox,
    clock: createScaledClock(Date.now(), 1),
    replicas: 3,
    redisUrl: redis.url,
    // A quarter of it is how long a call waits for its turn.
    deadlineMs: 40_000,
    accounts: { lark: { rateLimit: { perSecond } } },
  });
  for (const { url } of world.replicas) await expect.poll(() => isStoreUp(url)).toBe(true);
  return world;
}

/** Each replica is asked for other tasks, all at once: a call for each. */
async function askAll({ replicas }: ReplicaWorld, ids: readonly string[]): Promise<string[]> {
  const share = Math.ceil(ids.length / replicas.length);
  const answers = await Promise.all(
    replicas.map(({ url }, index) =>
      postQuery(`${url}/graphql`, lookupQuery, { ids: ids.slice(index * share, (index + 1) * share) }),
    ),
  );
  return answers.flatMap(({ data }) => data.batchTasks.lookups).map(({ task, problem }) => problem?.code ?? task.id);
}

describe.skipIf(redisServerMissing !== "")(
  `three replicas of one account${redisServerMissing}`,
  {
    timeout: 60_000,
  },
  () => {
    it("together keep to its rate in every second, and fetch one token", async () => {
      const ids = idsOf(sandbox, "lark:", 60);
      const lark = sandbox.upstream("feishu-contact");

      for (let attempt = 1; ; attempt += 1) {
        await redis.command("FLUSHALL");
        const world = await startReplicas();
        const awayBefore = world.timesAway();
        lark.clearCalls();
        const answers = await askAll(world, ids);
        const { calls, taskCalls } = lark;
        // A busy machine may have kept Redis from answering in time: then each goes on by itself, and nothing is proven.
        const wasAway = world.timesAway() > awayBefore;
        await world.close();
        if (wasAway && attempt < attempts) continue;

        expect(answers).toEqual(ids);
        expect(taskCalls).toHaveLength(ids.length);
        const most = mostWithin(
          taskCalls.map(({ at }) => at),
          1_000,
        );
        // One replica alone would take as long: the rate is not divided, but used up.
        expect(most).toBeGreaterThanOrEqual(perSecond - 2);
        expect(calls.filter(({ taskIds }) => taskIds === null)).toHaveLength(1);
        return;
      }
    });
  },
);
