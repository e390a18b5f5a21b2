import { afterAll, afterEach, describe, expect, it } from "vitest";
import { createSharedRate } from "../../src/redis/shared-rate.ts";
import { answerWith, type RawUpstream, startRawUpstream } from "../http/raw-upstream.ts";
import { callTo, createTestSender, reasonOf, type TestSender } from "../http/sending.ts";
import { findRedis, newPrefix } from "../support/redis.ts";
import { mostWithin, openStores, steadily } from "./stores.ts";

const redis = await findRedis();
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

afterAll(() => redis.end());

const limit = { perSecond: 10 };

/** Ways out of one account, each of a replica of its own. */
async function openReplicas(upstream: RawUpstream): Promise<TestSender[]> {
  const stores = await openStores(redis.url ?? "", 3);
  const key = `${newPrefix()}:{account}:sends`;
  const senders = stores.map((store) =>
    createTestSender({ rateLimit: limit, sharedRate: createSharedRate({ store, key, limit }), maxConcurrency: 32 }),
  );
  closing.push(
    () => upstream.close(),
    () => Promise.all(stores.map((store) => store.close())),
    () => Promise.all(senders.map((sender) => sender.close())),
  );
  return senders;
}

/** As batching does: enters, sends, leaves; comes back when it was told. */
async function keepCalling(sender: TestSender, url: string, endAt: number): Promise<void> {
  while (Date.now() < endAt) {
    const entry = sender.admission.tryEnter();
    if (entry.kind !== "entered") {
      const againAt = entry.kind === "full" ? entry.againAt : entry.until;
      await wait(Math.max(1, (againAt ?? Date.now() + 20) - Date.now()));
      continue;
    }
    const call = callTo(url, { deadlineAt: Date.now() + 8_000 });
    expect(reasonOf(await sender.send(call))).toBe("HTTP 200");
    sender.admission.leave(call.limits);
  }
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.skipIf(!redis.url)(`the ways out of one account in three replicas${redis.note}`, { timeout: 60_000 }, () => {
  it(
    "together send an upstream no more than its limit in any second, and nearly that",
    steadily(async () => {
      const upstream = await startRawUpstream((socket) => setTimeout(() => answerWith(socket, 200), 30));
      const senders = await openReplicas(upstream);
      const endAt = Date.now() + 6_000;

      await Promise.all(senders.flatMap((sender) => [1, 2, 3, 4].map(() => keepCalling(sender, upstream.url, endAt))));

      expect(mostWithin(upstream.arrivedAt, 1_000)).toBeLessThanOrEqual(10);
      expect(upstream.arrivedAt.filter((at) => at < endAt).length).toBeGreaterThanOrEqual(6 * 10 * 0.8);
    }),
  );

  it(
    "refuse at once what the others' sends leave no time for",
    steadily(async () => {
      const upstream = await startRawUpstream((socket) => answerWith(socket, 200));
      const [busy, late] = await openReplicas(upstream);
      if (!busy || !late) throw new Error("Three were asked for.");
      await Promise.all(Array.from({ length: 10 }, () => busy.send(callTo(upstream.url))));
      const startedAt = Date.now();

      const exchange = await late.send(callTo(upstream.url, { deadlineAt: Date.now() + 1_000 }));

      expect(reasonOf(exchange)).toBe("held-back");
      expect(exchange.kind === "failure" && exchange.againAt).toBeGreaterThan(startedAt + 800);
      expect(Date.now() - startedAt).toBeLessThan(1_000);
      expect(late.admission.tryEnter()).toMatchObject({ kind: "full" });
    }),
  );
});
