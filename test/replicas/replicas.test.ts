import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prepareRedis, type RedisServer, redisServerMissing } from "../support/redis.ts";
import { judgeOrder } from "./judge.ts";
import type { AskCount } from "./poll-periods.ts";
import type { Poll } from "./polling-clients.ts";
import { isStoreUp } from "./replica-world.ts";
import { startWatch, type Watch } from "./watch.ts";

/** Of simulated time: long enough for a dozen poll periods of the tasks that are worth asking for most often. */
const steadyMs = 60_000;

const sawStale = ({ lookups }: Poll): boolean => lookups?.some(({ task }) => task?.observation.stale) ?? false;
const watches = (account: string, { ids }: Poll): boolean => ids.some((id) => id.startsWith(`${account}:`));

async function runAlone(): Promise<AskCount> {
  const watch = await startWatch({ replicas: 1, redisUrl: null });
  await watch.clock.pass(steadyMs);
  await watch.stop();
  const count = watch.countAsks();
  expect(watch.judge(watch.polls)).toEqual([]);
  await watch.close();
  return count;
}

describe.skipIf(redisServerMissing !== "")(
  `200 clients that poll through three replicas${redisServerMissing}`,
  {
    timeout: 60_000,
  },
  () => {
    let redis: RedisServer;
    let alone: AskCount;
    let watch: Watch;
    let told = 0;

    /** What clients were told since this was asked last. */
    function newPolls(): readonly Poll[] {
      const polls = watch.polls.slice(told);
      told = watch.polls.length;
      return polls;
    }

    beforeAll(async () => {
      alone = await runAlone();
      redis = await prepareRedis();
      await redis.start();
      watch = await startWatch({ replicas: 3, redisUrl: redis.url });
    }, 60_000);

    afterAll(async () => {
      await watch?.close();
      await redis?.end();
    });

    it("cost about one call for each task and poll period, no more than through one", async () => {
      const awayBefore = watch.timesAway();
      await watch.clock.pass(steadyMs);

      const { asked, worthAsking } = watch.countAsks();
      expect(alone.asked).toBeLessThan(1.5 * alone.worthAsking);
      expect(asked).toBeLessThan(1.5 * worthAsking);
      // By chance a run may cost a fifth more or less than another.
      expect(asked / worthAsking).toBeLessThan(1.2 * Math.max(1, alone.asked / alone.worthAsking) + 0.2);
      // Else nothing was counted.
      expect(asked).toBeGreaterThan(0.5 * worthAsking);
      expect(Math.min(...watch.balancer.answered)).toBeGreaterThan(50);
      const polls = newPolls();
      expect(watch.judge(polls)).toEqual([]);
      // Replicas that were on their own for a while may have told different things.
      if (watch.timesAway() === awayBefore) expect(judgeOrder(polls)).toEqual([]);
    });

    it("are told nothing wrong while Redis is gone, and are none the worse when it is back", async () => {
      await redis.kill();
      await watch.clock.pass(15_000);
      await redis.start();
      for (const { url } of watch.replicas) await expect.poll(() => isStoreUp(url), { timeout: 5_000 }).toBe(true);
      await watch.clock.pass(10_000);

      const polls = newPolls();
      expect(watch.judge(polls)).toEqual([]);
      expect(polls.filter(sawStale)).toEqual([]);
    });

    it("are all answered when a replica is killed", async () => {
      const [, killed] = watch.replicas;
      killed?.process.kill("SIGKILL");
      await killed?.exitCode;
      // What it had sent before is read.
      await watch.clock.pass(5_000);
      const before = [...watch.balancer.answered];
      await watch.clock.pass(20_000);

      const polls = newPolls();
      expect(watch.judge(polls)).toEqual([]);
      expect(polls.filter(sawStale)).toEqual([]);
      const answered = watch.balancer.answered.map((count, index) => count - (before[index] ?? 0));
      expect(answered[0]).toBeGreaterThan(10);
      expect(answered[2]).toBeGreaterThan(10);
      expect(answered[1]).toBe(0);
    });

    it("are told the last known states while an upstream is down, and that they are old", async () => {
      const sim = watch.sandbox.upstream("eiotclub");
      await sim.down();
      newPolls();
      await watch.clock.pass(20_000);
      const polls = newPolls();

      // Every task is told; what is past its time says so.
      expect(watch.judge(polls)).toEqual([]);
      const touched = polls.filter((poll) => watches("sim", poll));
      expect(touched.filter(sawStale).length).toBeGreaterThan(touched.length / 4);
      const codes = touched.flatMap(({ lookups }) => lookups?.map(({ problem }) => problem?.code) ?? []);
      expect(["UPSTREAM_UNAVAILABLE", "CIRCUIT_OPEN", undefined]).toEqual(expect.arrayContaining([...new Set(codes)]));
      expect(polls.filter((poll) => !watches("sim", poll) && sawStale(poll))).toEqual([]);

      await sim.up();
      await expect
        .poll(
          () =>
            watch.polls
              .filter((poll) => watches("sim", poll))
              .slice(-50)
              .filter(sawStale),
          { timeout: 20_000 },
        )
        .toEqual([]);
    });

    it("have all been answered", async () => {
      await watch.stop();

      expect(watch.judge(watch.polls)).toEqual([]);
      expect(new Set(watch.polls.map(({ client }) => client)).size).toBe(200);
    });
  },
);
