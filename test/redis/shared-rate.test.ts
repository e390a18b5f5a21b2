import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { createRateGate, type RateGate } from "../../src/http/rate-gate.ts";
import type { RateLimit } from "../../src/http/rate-windows.ts";
import type { SharedRate, SharedTurn } from "../../src/http/shared-rate.ts";
import { createSharedRateGate } from "../../src/http/shared-rate-gate.ts";
import { createSharedRate, type SharedRateOptions } from "../../src/redis/shared-rate.ts";
import type { Store } from "../../src/redis/store.ts";
import { findRedis, newPrefix, type RedisServer, redisServerMissing, startRedis } from "../support/redis.ts";
import { askRedis, mostWithin, openStores, steadily } from "./stores.ts";

const redis = await findRedis();
const servers: RedisServer[] = [];
const stores: Store[] = [];

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await Promise.all(servers.splice(0).map((server) => server.end()));
});

afterAll(() => redis.end());

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const newKey = (): string => `${newPrefix()}:{account}:sends`;

async function openCounts(url: string, options: Omit<SharedRateOptions, "store">, replicas = 3): Promise<SharedRate[]> {
  const opened = await openStores(url, replicas);
  stores.push(...opened);
  return opened.map((store) => createSharedRate({ store, ...options }));
}

const openGate = (count: SharedRate, limit: RateLimit): RateGate =>
  createSharedRateGate(createRateGate(limit, Date.now), count, Date.now);

async function takeNow(count: SharedRate | undefined): Promise<SharedTurn> {
  const answer = await count?.take();
  if (answer?.kind !== "turn") throw new Error(`No turn is free: ${JSON.stringify(answer)}`);
  return answer;
}

/** Sends as often as the gate allows. */
async function hammer(gate: RateGate, lastsMs: number, sentAt: number[]): Promise<void> {
  const endAt = Date.now() + lastsMs;
  await Promise.all(
    Array.from({ length: 5 }, async () => {
      while (Date.now() < endAt) {
        const turn = await gate.take({ signal: new AbortController().signal, deadlineAt: endAt });
        if ("againAt" in turn) return;
        turn.sent();
        sentAt.push(Date.now());
      }
    }),
  );
}

describe("what no count of ours says", () => {
  it.each([
    ["for ever", 9e15, 10_000 + 1_020],
    ["for no time", 0, 1],
    ["backwards", -9e15, 1],
  ])("does not keep an account waiting %s", async (_what, againInMs, expected) => {
    const store = { isAvailable: () => true, run: async () => [0, againInMs] };
    const count = createSharedRate({ store, key: newKey(), limit: { perSecond: 10 } });

    expect(await count.take()).toEqual({ kind: "wait", againInMs: expected });
  });
});

describe.skipIf(!redis.url)(`createSharedRate${redis.note}`, { timeout: 60_000 }, () => {
  const url = redis.url ?? "";

  it(
    "keeps three replicas that want more at the rate in any second, and near it",
    steadily(async () => {
      const limit = { perSecond: 10 };
      const counts = await openCounts(url, { key: newKey(), limit });
      const sentAt: number[][] = [[], [], []];

      await Promise.all(counts.map((count, index) => hammer(openGate(count, limit), 6_000, sentAt[index] ?? [])));

      expect(mostWithin(sentAt.flat(), 1_000)).toBe(10);
      expect(sentAt.flat().length).toBeGreaterThanOrEqual(6 * 10 * 0.8);
      expect(Math.min(...sentAt.map(({ length }) => length)), "nobody starves").toBeGreaterThan(5);
    }),
  );

  it(
    "lets no more through in any second than it may, whatever is taken, sent late, given back or forgotten",
    steadily(async () => {
      const step = fc.record({
        replica: fc.nat(2),
        atMs: fc.nat(4_000),
        preparesMs: fc.nat(1_500),
        end: fc.constantFrom("sent", "sent", "sent", "sent", "sent", "sent", "given back", "lost"),
      });
      const plan = fc.record({
        perSecond: fc.integer({ min: 1, max: 4 }),
        steps: fc.array(step, { minLength: 20, maxLength: 40 }),
      });
      const [one, two, three] = await openStores(url, 3);
      if (!one || !two || !three) throw new Error("Three were asked for.");
      stores.push(one, two, three);

      const runs = fc.sample(plan, 40).map(async ({ perSecond, steps }) => {
        const options = { key: newKey(), limit: { perSecond }, longestUnsentMs: 2_000 };
        const counts = [one, two, three].map((store) => createSharedRate({ store, ...options }));
        const sentAt: number[] = [];
        await Promise.all(
          steps.map(async ({ replica, atMs, preparesMs, end }) => {
            await wait(atMs);
            const turn = await counts[replica]?.take();
            if (turn?.kind !== "turn" || end === "lost") return;
            await wait(preparesMs);
            if (end === "given back") return turn.giveBack();
            turn.sent();
            sentAt.push(Date.now());
          }),
        );
        return { perSecond, most: mostWithin(sentAt, 1_000), sent: sentAt.length };
      });

      const results = await Promise.all(runs);
      expect(results.filter(({ most, perSecond }) => most > perSecond)).toEqual([]);
      expect(results.filter(({ most, perSecond }) => most === perSecond).length).toBeGreaterThan(8);
    }),
  );

  it(
    "counts from the time of sending",
    steadily(async () => {
      const [one, other] = await openCounts(url, { key: newKey(), limit: { perSecond: 1 } }, 2);
      const turn = await takeNow(one);
      await wait(500);
      turn.sent();

      const answer = await other?.take();
      expect(answer).toMatchObject({ kind: "wait" });
      expect(answer?.againInMs).toBeGreaterThan(950);
      expect(answer?.againInMs).toBeLessThanOrEqual(1_020);
    }),
  );

  it(
    "gives a turn that was not needed to the next, and none that was sent",
    steadily(async () => {
      const [one, other] = await openCounts(url, { key: newKey(), limit: { perSecond: 1 } }, 2);
      const unused = await takeNow(one);
      unused.giveBack();
      unused.sent();
      const used = await takeNow(one);
      used.sent();
      used.giveBack();

      expect(await other?.take()).toMatchObject({ kind: "wait" });
    }),
  );

  it(
    "tells with each turn when there is another",
    steadily(async () => {
      const [count] = await openCounts(url, { key: newKey(), limit: { perSecond: 2 } }, 1);

      const [first, second] = [await takeNow(count), await takeNow(count)];

      expect([first.againInMs, second.againInMs]).toEqual([0, 1_000]);
      first.sent();
      expect((await count?.take())?.againInMs).toBeGreaterThan(1_000);
    }),
  );

  it(
    "keeps to all limits of the account",
    steadily(async () => {
      const [count] = await openCounts(url, { key: newKey(), limit: { perSecond: 2, perMinute: 3 } }, 1);
      for (let send = 0; send < 2; send += 1) (await takeNow(count)).sent();
      expect((await count?.take())?.againInMs).toBeLessThanOrEqual(1_020);
      await wait(1_030);

      (await takeNow(count)).sent();

      expect((await count?.take())?.againInMs).toBeGreaterThan(50_000);
    }),
  );

  it.each<[RateLimit, number]>([
    [{ perSecond: 0.5 }, 2_020],
    [{ perSecond: 1.9 }, 1_020],
    [{ perMinute: 0.3 }, 200_020],
  ])("reads %o as the replica's own window does", async (limit, againInMs) => {
    const [count] = await openCounts(url, { key: newKey(), limit }, 1);
    (await takeNow(count)).sent();

    const answer = await count?.take();
    expect(answer?.againInMs).toBeGreaterThan(againInMs - 100);
    expect(answer?.againInMs).toBeLessThanOrEqual(againInMs);
  });

  it.each<RateLimit>([{ perSecond: 1e300, perMinute: Number.MAX_VALUE }, { perSecond: 1e-300, perMinute: 1e-9 }, {}])(
    "can be asked about %o",
    async (limit) => {
      const [count] = await openCounts(url, { key: newKey(), limit }, 1);

      (await takeNow(count)).sent();
      await count?.take();

      expect(stores[0]?.isAvailable()).toBe(true);
      expect((await count?.take())?.kind).toBe((limit.perSecond ?? 1) < 1 ? "wait" : "turn");
    },
  );

  it(
    "forgets what a replica took that died",
    steadily(async () => {
      const options = { key: newKey(), limit: { perSecond: 3 }, longestUnsentMs: 400 };
      const [dying, other] = await openCounts(url, options, 2);
      for (let turn = 0; turn < 2; turn += 1) await takeNow(dying);

      (await takeNow(other)).sent();
      expect(await other?.take()).toMatchObject({ kind: "wait" });
      await wait(1_100);
      const soon = await Promise.all([other?.take(), other?.take()]);
      expect(
        soon.map((answer) => answer?.kind),
        "they may have sent at the last moment",
      ).toEqual(["turn", "wait"]);
      await wait(400);
      expect(await other?.take()).toMatchObject({ kind: "turn" });
    }),
  );

  it(
    "goes on when the server's clock is set back",
    steadily(async () => {
      const key = newKey();
      const [count] = await openCounts(url, { key, limit: { perSecond: 1 } }, 1);
      await askRedis(url, "ZADD", key, String(Date.now() + 3_600_000), "from the future");

      expect(await count?.take()).toMatchObject({ kind: "turn" });
    }),
  );

  it(
    "leaves nothing behind for ever",
    steadily(async () => {
      const key = newKey();
      const [count] = await openCounts(url, { key, limit: { perSecond: 5, perMinute: 100 } }, 1);
      const turn = await takeNow(count);
      const taken = await askRedis(url, "PTTL", key);
      turn.sent();
      await vi.waitFor(async () => expect(await askRedis(url, "PTTL", key)).toBeGreaterThan(Number(taken)));

      expect(taken).toBeGreaterThan(69_000);
      expect(await askRedis(url, "PTTL", key)).toBeLessThanOrEqual(70_020);
    }),
  );
});

describe.skipIf(redisServerMissing)(`createSharedRate, while the store is away${redisServerMissing}`, () => {
  async function start(): Promise<RedisServer> {
    const server = await startRedis();
    servers.push(server);
    return server;
  }

  it("lets each replica go on within its own rate, and counts again afterwards", async () => {
    const server = await start();
    const limit = { perSecond: 10 };
    const counts = await openCounts(server.url, { key: newKey(), limit });
    const sentAt: number[][] = [[], [], []];
    const hammering = Promise.all(
      counts.map((count, index) => hammer(openGate(count, limit), 8_000, sentAt[index] ?? [])),
    );
    await wait(2_000);
    const killedAt = Date.now();
    await server.kill();
    await wait(2_000);
    await server.start();
    const usedAgainAt = await untilAvailable(stores);
    await hammering;

    const between = (from: number, to: number): number => sentAt.flat().filter((at) => at > from && at <= to).length;
    for (const own of sentAt) expect(mostWithin(own, 1_000)).toBeLessThanOrEqual(10);
    expect(
      mostWithin(
        sentAt.flat().filter((at) => at < killedAt),
        1_000,
      ),
    ).toBeLessThanOrEqual(10);
    expect(between(killedAt + 500, killedAt + 2_000), "nobody waits for the store").toBeGreaterThanOrEqual(20);
    const afterwards = sentAt.flat().filter((at) => at > usedAgainAt + 1_000);
    expect(afterwards.length).toBeGreaterThan(10);
    expect(mostWithin(afterwards, 1_000)).toBeLessThanOrEqual(10);
  });

  it("gives back what the store may have heard of before it went away", async () => {
    const server = await start();
    const [count] = await openCounts(server.url, { key: newKey(), limit: { perSecond: 2 } }, 1);
    const held = await takeNow(count);
    server.freeze();
    expect(await takeNow(count), "it waits for no answer").toMatchObject({ againInMs: 0 });
    held.giveBack();
    expect(stores[0]?.isAvailable()).toBe(false);
    server.goOn();
    await untilAvailable(stores);
    await takeNow(count);
    expect(await takeNow(count)).toMatchObject({ kind: "turn" });
  });
});

async function untilAvailable(awaited: readonly Store[]): Promise<number> {
  while (!awaited.every((store) => store.isAvailable())) await wait(10);
  return Date.now();
}
