import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findRedis, newPrefix } from "../support/redis.ts";
import {
  found,
  goodFor,
  keyOf,
  limitsOf,
  namesOf,
  notFound,
  type Replica,
  sequenceAt,
  someAccount,
  startReplica,
  toldAtLast,
} from "./sharing-replicas.ts";

const redis = await findRedis();

let prefix: string;
const replicas: Replica[] = [];

beforeEach(() => {
  prefix = newPrefix();
});

afterEach(async () => {
  await Promise.all(replicas.splice(0).map((replica) => replica.close()));
});

afterAll(() => redis.end());

async function start(...rest: Parameters<typeof startReplica> extends [string, string, ...infer Rest] ? Rest : never) {
  const replica = await startReplica(redis.url ?? "", prefix, ...rest);
  replicas.push(replica);
  return replica;
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What was published has arrived. */
const arrived = (): Promise<void> => pause(150);

async function timed<T>(promise: Promise<T>): Promise<[T, number]> {
  const startedAt = performance.now();
  return [await promise, performance.now() - startedAt];
}

describe.skipIf(!redis.url)(`createSharedAnswers${redis.note}`, () => {
  it("tells one replica what another has learnt, as it was", async () => {
    const [here, there] = [await start(), await start()];
    const state = {
      kind: "X",
      nodes: [{ id: "1", state: null }],
      failure: { code: null, message: "ä", recoverable: true },
    };
    const answer = found(sequenceAt(1), "task", ["items", "children"], state);
    const times = goodFor(1_000);

    here.answers.publish(keyOf("1").reference, answer, times);
    here.answers.publish(keyOf("2", [], "a:b").reference, notFound(sequenceAt(2)), times);
    await arrived();
    const told = await toldAtLast(there, [keyOf("1", ["items"]), keyOf("2", [], "a:b"), keyOf("3")]);

    expect(told).toEqual([
      { firstSeenAt: times.firstSeenAt, answers: [answer] },
      { firstSeenAt: times.firstSeenAt, answers: [notFound(sequenceAt(2))] },
      null,
    ]);
    expect(there.witnessed).toEqual([sequenceAt(1), sequenceAt(2)]);
  });

  it("asks Redis once for all keys of a turn, and equal ones once", async () => {
    const replica = await start({ one: someAccount, two: { ...someAccount, identity: ["http://two.test"] } });
    const ids = Array.from({ length: 99 }, (_, index) => String(index));

    await Promise.all([
      replica.answers.consult(
        ids.map((id) => keyOf(id)),
        limitsOf(),
      ),
      replica.answers.consult(
        ids.map((id) => keyOf(id)),
        limitsOf(),
      ),
      replica.answers.consult([keyOf("1", [], "", "two"), keyOf("1", ["items"])], limitsOf()),
    ]);

    expect(replica.runs.map(({ keys }) => keys.length).sort()).toEqual([1, 100]);
  });

  it("sends no more to and fro at once than comes in time, however much is told", async () => {
    const [here, there] = [await start(), await start()];
    const keys = Array.from({ length: 40 }, (_, index) => keyOf(String(index)));
    for (const [index, { reference }] of keys.entries()) {
      here.answers.publish(reference, found(sequenceAt(index), "x".repeat(30_000)), goodFor(60_000));
    }
    await vi.waitFor(() => expect(here.runs.flatMap((run) => run.keys)).toHaveLength(40));
    await arrived();

    const told = await toldAtLast(there, keys);

    expect(told.map((known) => known?.answers[0].sequence)).toEqual(keys.map((_key, index) => sequenceAt(index)));
    expect([here.runs.length, there.runs.length]).toEqual([5, 5]);
  });

  it("waits for the answer of whoever asks already", async () => {
    const [here, there] = [await start(), await start()];
    await here.answers.consult([keyOf("1")], limitsOf());

    const waiting = timed(namesOf(there, [keyOf("1"), keyOf("2")]));
    await pause(150);
    here.answers.publish(keyOf("1").reference, found(sequenceAt(1), "news"), goodFor(1_000));
    const [names, waitedMs] = await waiting;

    expect(names).toEqual([["news"], []]);
    expect(waitedMs).toBeGreaterThan(140);
    expect(waitedMs).toBeLessThan(1_000);
  });

  it("asks itself when whoever asked has none, also one who wants less", async () => {
    const [here, there] = [await start(), await start()];
    await here.answers.consult([keyOf("1", ["items"])], limitsOf());

    const waiting = timed(namesOf(there, [keyOf("1")]));
    await pause(100);
    here.answers.release([keyOf("1", ["items"])]);
    const [, waitedMs] = await waiting;
    const [, claimedMs] = await timed(namesOf(here, [keyOf("1")], limitsOf(1_000)));

    expect(waitedMs).toBeGreaterThan(90);
    expect(waitedMs).toBeLessThan(1_000);
    expect(claimedMs).toBeGreaterThan(200);
  });

  it("does not wait for who asks for less", async () => {
    const [here, there] = [await start(), await start()];
    await here.answers.consult([keyOf("1")], limitsOf());

    const [, waitedMs] = await timed(namesOf(there, [keyOf("1", ["items"])]));

    expect(waitedMs).toBeLessThan(1_000);
  });

  it("says at once what is its own to ask, whatever it waits for", async () => {
    const [here, there] = [await start(), await start()];
    const keys = Array.from({ length: 250 }, (_, index) => keyOf(String(index)));

    const theirs = await here.answers.consult(keys.slice(100, 110), limitsOf());
    const [{ told, awaited }, heardMs] = await timed(there.answers.consult(keys, limitsOf()));

    expect(theirs.awaited).toBeNull();
    expect(told).toHaveLength(250);
    expect([...(awaited?.indexes ?? [])].toSorted((left, right) => left - right)).toEqual(
      Array.from({ length: 10 }, (_, index) => 100 + index),
    );
    expect(heardMs).toBeLessThan(1_000);
    here.answers.publish(keyOf("100").reference, found(sequenceAt(1), "done"), goodFor(60_000));
    for (const key of keys.slice(101, 110)) here.answers.release([key]);
    expect((await awaited?.told)?.[100]?.answers).toHaveLength(1);
  });

  it("tells of a refusal in place of all that was told before, also of what is told later", async () => {
    const [here, there] = [await start(), await start()];
    const { reference } = keyOf("1");
    here.answers.publish(reference, found(sequenceAt(1), "seen"), goodFor(60_000));
    await arrived();
    here.answers.publish(reference, notFound(sequenceAt(3)), goodFor(0));
    await arrived();
    there.answers.publish(reference, found(sequenceAt(2), "late", ["items"]), goodFor(60_000));
    await arrived();

    const [told] = await toldAtLast(there, [keyOf("1", ["items"])]);
    expect(told?.answers).toEqual([notFound(sequenceAt(3))]);
  });

  it("tells what is large", async () => {
    const [here, there] = [await start(), await start()];
    const name = "x".repeat(250_000);
    here.answers.publish(keyOf("1").reference, found(sequenceAt(1), name), goodFor(60_000));
    await arrived();

    expect(await namesOf(there, [keyOf("1")])).toEqual([[name]]);
  });

  it("tells nothing that would take long to read, and leaves the question to the others", async () => {
    const [here, there] = [await start(), await start()];
    const name = "x".repeat(270_000);
    await here.answers.consult([keyOf("1")], limitsOf());
    here.answers.publish(keyOf("1").reference, found(sequenceAt(1), name), goodFor(60_000));
    await arrived();

    const [names, waitedMs] = await timed(namesOf(there, [keyOf("1")]));
    expect(names).toEqual([[]]);
    expect(waitedMs).toBeLessThan(1_000);
  });

  it("does not wait for itself", async () => {
    const replica = await start();
    await replica.answers.consult([keyOf("1", ["items"])], limitsOf());

    const again = await timed(replica.answers.consult([keyOf("1")], limitsOf()));

    expect(again[0]).toEqual({ told: [null], awaited: null });
    expect(again[1]).toBeLessThan(1_000);
    expect(replica.runs).toHaveLength(1);
  });

  it("takes over from a replica that died", async () => {
    let laterMs = 0;
    const now = (): number => Date.now() + laterMs;
    const [dying, there] = [await start(), await start(undefined, now)];
    await dying.answers.consult([keyOf("1")], limitsOf());
    await dying.close();

    const waiting = timed(namesOf(there, [keyOf("1")], limitsOf(60_000)));
    await pause(100);
    laterMs = 1_500;
    await pause(100);
    const stillWaits = await Promise.race([waiting.then(() => false), pause(0).then(() => true)]);
    laterMs = 2_950;
    const [, waitedMs] = await waiting;

    expect(stillWaits).toBe(true);
    expect(waitedMs).toBeLessThan(1_000);
  });

  it.each([
    [1_200, 600],
    [60_000, 3_000],
  ])("gives up with %i ms left after %i ms, with what was known", async (leftMs, waitMs) => {
    const [here, there] = [await start(), await start()];
    here.answers.publish(keyOf("1").reference, found(sequenceAt(1), "old"), goodFor(-1));
    await arrived();
    await here.answers.consult([keyOf("1")], limitsOf());

    const [names, waitedMs] = await timed(namesOf(there, [keyOf("1")], limitsOf(leftMs)));

    expect(names).toEqual([["old"]]);
    expect(waitedMs).toBeGreaterThan(waitMs - 10);
    expect(waitedMs).toBeLessThan(waitMs + 1_000);
  });

  it("gives up for each operation at its own time", async () => {
    const [here, there] = [await start(), await start()];
    await here.answers.consult([keyOf("1")], limitsOf());

    const patient = timed(namesOf(there, [keyOf("1")], limitsOf(4_000)));
    const [, hurriedMs] = await timed(namesOf(there, [keyOf("1")], limitsOf(400)));
    const [, patientMs] = await patient;

    expect(hurriedMs).toBeLessThan(1_500);
    expect(patientMs).toBeGreaterThan(1_990);
  });

  it("leaves an operation of little time enough of it to ask for itself", async () => {
    const [here, there] = [await start(), await start()];
    await here.answers.consult([keyOf("1")], limitsOf());

    const limits = limitsOf(500);
    await toldAtLast(there, [keyOf("1")], limits);

    expect(limits.deadlineAt - Date.now()).toBeGreaterThan(250);
  });

  it("ends at once when nobody waits any more, and holds nobody up", async () => {
    const [here, there] = [await start(), await start()];
    await here.answers.consult([keyOf("1")], limitsOf());
    const leaving = new AbortController();

    const waiting = namesOf(there, [keyOf("1")], limitsOf(60_000, leaving.signal));
    await pause(50);
    leaving.abort();
    const [, endedMs] = await timed(waiting);
    here.answers.release([keyOf("1")]);
    await pause(150);
    const [, claimedMs] = await timed(namesOf(here, [keyOf("1")], limitsOf(60_000)));

    expect(endedMs).toBeLessThan(1_000);
    expect(claimedMs).toBeLessThan(1_000);
    expect(await toldAtLast(there, [keyOf("2")], limitsOf(60_000, leaving.signal))).toEqual([null]);
  });

  it("ends at once when the store goes away, and does nothing while it is", async () => {
    const [here, there] = [await start(), await start()];
    await here.answers.consult([keyOf("1")], limitsOf());

    const waiting = namesOf(there, [keyOf("1")], limitsOf(60_000));
    await pause(50);
    await there.close();
    const [, endedMs] = await timed(waiting);
    const names = await namesOf(there, [keyOf("1")]);
    there.answers.publish(keyOf("1").reference, found(sequenceAt(1), "task"), goodFor(1_000));
    there.answers.release([keyOf("1")]);
    there.answers.suspects.note("one", "", "1", Date.now() + 1_000);

    expect(endedMs).toBeLessThan(1_000);
    expect([names, there.answers.isAvailable()]).toEqual([[[]], false]);
  });

  it("keeps an older answer for the parts that no newer one tells", async () => {
    const [here, there] = [await start(), await start()];
    here.answers.publish(keyOf("1").reference, found(sequenceAt(1), "rich", ["items"]), goodFor(60_000));
    there.answers.publish(keyOf("1").reference, found(sequenceAt(2), "poor"), goodFor(60_000));
    await arrived();

    expect(await namesOf(here, [keyOf("1", ["items"])])).toEqual([["poor", "rich"]]);
    there.answers.publish(keyOf("1").reference, found(sequenceAt(3), "richer", ["children", "items"]), goodFor(60_000));
    await arrived();
    expect(await namesOf(here, [keyOf("1")])).toEqual([["richer"]]);
  });

  it("does not take an older answer for news", async () => {
    const [here, there] = [await start(), await start()];
    // Several, because Redis lists the fields of a hash in the order of some sums of their names.
    const keys = Array.from({ length: 8 }, (_, index) => keyOf(String(index)));
    for (const { reference } of keys) {
      here.answers.publish(reference, found(sequenceAt(2), "new", [`a${reference.localId}`]), goodFor(-1));
      here.answers.publish(reference, found(sequenceAt(1), "old", [`b${reference.localId}`]), goodFor(60_000));
    }
    await arrived();

    await here.answers.consult(keys, limitsOf());
    const waits = await Promise.all(keys.map((key) => timed(namesOf(there, [key], limitsOf(1_000)))));

    for (const [names, waitedMs] of waits) {
      expect(names).toEqual([["new", "old"]]);
      expect(waitedMs).toBeGreaterThan(490);
    }
  });

  it("leaves it to each replica to say that it has its answer", async () => {
    const [here, there] = [await start(), await start()];
    await here.answers.consult([keyOf("1")], limitsOf());
    there.answers.publish(keyOf("1").reference, found(sequenceAt(1), "late"), goodFor(-1));
    await arrived();

    const [names, waitedMs] = await timed(namesOf(there, [keyOf("1")], limitsOf(1_000)));

    expect(names).toEqual([["late"]]);
    expect(waitedMs).toBeGreaterThan(490);
  });

  it("gives up what it was to ask when nobody waits for it", async () => {
    const [here, there] = [await start(), await start()];
    const leaving = new AbortController();

    const left = here.answers.consult([keyOf("1")], limitsOf(8_000, leaving.signal));
    await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    await left;
    await arrived();
    const [, waitedMs] = await timed(namesOf(there, [keyOf("1")], limitsOf()));

    expect(here.runs).toHaveLength(2);
    expect(waitedMs).toBeLessThan(1_000);
  });

  it("tells who must be asked alone, until it need not be", async () => {
    const [here, there] = [await start(), await start()];
    const untilAt = Date.now() + 60_000;

    here.answers.suspects.note("one", "a", "1", untilAt);
    here.answers.suspects.note("one", "a", "2", Date.now() - 1);
    await arrived();
    await there.answers.consult([keyOf("1", [], "a"), keyOf("2", [], "a"), keyOf("1", [], "b")], limitsOf());
    here.answers.suspects.note("one", "a", "1", null);
    await arrived();
    there.answers.release([keyOf("1", [], "a")]);
    await there.answers.consult([keyOf("1", [], "a")], limitsOf());

    expect(there.suspects).toEqual([["one:a/1", untilAt]]);
  });

  it.each([
    ["other secrets", { one: { ...someAccount, secrets: ["other-secret"] } }],
    ["another identity", { one: { ...someAccount, identity: ["http://other.test"] } }],
  ])("shares nothing with who has %s", async (_what, accounts) => {
    const [here, there] = [await start(), await start(accounts)];
    here.answers.publish(keyOf("1").reference, found(sequenceAt(1), "task"), goodFor(60_000));
    await arrived();

    expect(await namesOf(there, [keyOf("1")])).toEqual([[]]);
  });

  it("has few scripts under way at once, however many accounts there are", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `account-${index}`);
    const replica = await start(Object.fromEntries(names.map((name) => [name, someAccount])));

    const consulted = await Promise.all(
      names.map((name) => replica.answers.consult([keyOf("1", [], "", name)], limitsOf())),
    );

    expect(consulted).toHaveLength(30);
    expect(replica.runs).toHaveLength(30);
    expect(replica.mostAtOnce()).toBe(8);
  });

  it("shares nothing of an account without a secret", async () => {
    const accounts = { one: { ...someAccount, secrets: [""] } };
    const [here, there] = [await start(accounts), await start(accounts)];
    here.answers.publish(keyOf("1").reference, found(sequenceAt(1), "task"), goodFor(60_000));
    await arrived();

    expect(await namesOf(there, [keyOf("1")])).toEqual([[]]);
    expect([...here.runs, ...there.runs]).toEqual([]);
  });

  it("shares a thousand keys of many at once", async () => {
    const [here, there] = [await start(), await start()];
    const keys = Array.from({ length: 1_000 }, (_, index) => keyOf(String(index)));
    for (const [index, { reference }] of keys.entries()) {
      here.answers.publish(reference, found(sequenceAt(index), `task ${index}`), goodFor(60_000));
    }
    await pause(300);

    const told = await Promise.all(Array.from({ length: 16 }, () => namesOf(there, keys)));

    expect(told).toEqual(Array.from({ length: 16 }, () => keys.map((_, index) => [`task ${index}`])));
    expect(there.runs).toHaveLength(10);
  });
});
