import { createClient } from "@redis/client";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answersVersion, readAnswer, writeAnswer } from "../../src/redis/answer-text.ts";
import { mutate, mutations, textMutation } from "../support/hostile-json.ts";
import { propertyRuns } from "../support/property-runs.ts";
import { findRedis, newPrefix } from "../support/redis.ts";
import {
  found,
  goodFor,
  keyOf,
  namesOf,
  notFound,
  type Replica,
  sequenceAt,
  startReplica,
} from "./sharing-replicas.ts";

const redis = await findRedis();
const now = sequenceAt(0) / 1000;

const rich = found(sequenceAt(0), "task", ["items"], {
  rawStatus: { value: "x", labels: { en: "a", "zh-CN": "b" }, inferred: true },
  progress: { percent: 50, total: 2, succeeded: 1, failed: null },
  failure: { code: "c", message: null, recoverable: null },
  webUrl: "https://one.test/1",
});

describe("readAnswer", () => {
  it.each([rich, notFound(sequenceAt(0))])("reads what was written: $kind", (answer) => {
    expect(readAnswer(writeAnswer({ answer, firstSeenAt: 5 }), now)).toEqual({ answer, firstSeenAt: 5 });
  });

  it("reads something that fits or nothing, whatever is done to the text", () => {
    const texts = [rich, notFound(sequenceAt(0))].map((answer) => writeAnswer({ answer, firstSeenAt: 5 }));
    fc.assert(
      fc.property(fc.constantFrom(...texts), mutations, textMutation, (text, changes, last) => {
        const read = readAnswer(mutate(text, changes, last, []), now);

        // What is read is read the same again, so it is of the kind that is written.
        const again = read && readAnswer(writeAnswer(read), now);
        expect(again && writeAnswer(again)).toBe(read && writeAnswer(read));
        expect(Object.hasOwn(read?.answer ?? {}, "__proto__")).toBe(false);
      }),
      { numRuns: propertyRuns },
    );
  });

  it.each<[string, (answer: Written) => void]>([
    ["of another version", (written) => Object.assign(written, { version: answersVersion + 1 })],
    ["seen in the future", (written) => Object.assign(written, { firstSeenAt: now + 61_000 })],
    ["observed in the future", ({ told }) => Object.assign(told, { observedAt: now + 61_000 })],
    ["asked in the future", ({ told }) => Object.assign(told, { sequence: sequenceAt(61_000) })],
    ["of an unknown kind", ({ told }) => Object.assign(told, { kind: "lost" })],
    ["with facets that are none", ({ told }) => Object.assign(told, { facets: [1] })],
    ["of an unknown status", ({ told }) => Object.assign(told.state, { status: "DONE" })],
    ["without a raw status", ({ told }) => Object.assign(told.state, { rawStatus: null })],
    ["with a text for a time", ({ told }) => Object.assign(told.state, { createdAt: "2026-11-22" })],
    ["with a script for an address", ({ told }) => Object.assign(told.state, { webUrl: "javascript:alert(1)" })],
  ])("reads nothing that is %s", (_what, change) => {
    const written = JSON.parse(writeAnswer({ answer: rich, firstSeenAt: 5 }));
    change(written);

    expect(readAnswer(JSON.stringify(written), now)).toBeNull();
  });

  it("reads no prototype into a state", () => {
    const text = writeAnswer({ answer: rich, firstSeenAt: 5 }).replace('"state":{', '"state":{"__proto__":{"a":1},');
    const read = readAnswer(text, now);

    const state = read?.answer.kind === "found" ? read.answer.state : {};
    expect(Object.getPrototypeOf(state)).toBe(Object.prototype);
    expect(state).toEqual(rich.kind === "found" && rich.state);
  });
});

interface Written {
  readonly told: { readonly state: object };
}

describe.skipIf(!redis.url)(`what somebody else writes to Redis${redis.note}`, () => {
  const client = createClient({ url: redis.url ?? "", commandOptions: { typeMapping: {} } });
  const prefix = newPrefix();
  let replica: Replica;
  let tasks = 0;

  beforeAll(async () => {
    if (!redis.url) return;
    await client.connect();
    replica = await startReplica(redis.url, prefix);
  });

  afterAll(async () => {
    await replica?.close();
    if (client.isOpen) client.destroy();
    await redis.end();
  });

  /** A task that Redis holds an answer to, and its key. */
  async function holdTask(): Promise<{ localId: string; key: string; field: string }> {
    tasks += 1;
    const localId = String(tasks);
    replica.answers.publish(keyOf(localId).reference, found(sequenceAt(1), localId), goodFor(60_000));
    await new Promise((resolve) => setImmediate(resolve));
    await namesOf(replica, [keyOf(localId)]);
    const [key = ""] = await client.keys(`${prefix}:*:${localId}`);
    return { localId, key, field: "a:" };
  }

  /** A newer answer is told and read as ever. */
  async function heals(localId: string): Promise<void> {
    replica.answers.publish(keyOf(localId).reference, found(sequenceAt(2), "new"), goodFor(60_000));
    await new Promise((resolve) => setImmediate(resolve));
    expect((await namesOf(replica, [keyOf(localId)]))[0]?.[0]).toBe("new");
  }

  it("shows nothing but ids", async () => {
    tasks += 1;
    const state = { rawStatus: { value: "raw-secret", labels: null, inferred: false } };
    const { reference } = keyOf(`visible-${tasks}`, [], "scope/1");
    replica.answers.publish(reference, found(sequenceAt(1), "name-secret", ["items"], state), goodFor(60_000));
    await new Promise((resolve) => setImmediate(resolve));
    await namesOf(replica, [keyOf(`visible-${tasks}`, ["items"], "scope/1")]);

    const [key = ""] = await client.keys(`${prefix}:*visible*`);
    const held = JSON.stringify(await client.hGetAll(key));

    expect(key).toMatch(new RegExp(`^${prefix}:${answersVersion}:\\{[\\w-]{22}\\}:scope%2F1:visible-${tasks}$`));
    expect(held).toContain(`"a:items":"${sequenceAt(1)}:`);
    expect(held).not.toMatch(/secret|RUNNING|status/);
    expect(await client.pTTL(key)).toBeGreaterThan(50_000);
    expect(await client.pTTL(key)).toBeLessThanOrEqual(60_000);
  });

  it("is a miss when it is a value of another task, another part or another time", async () => {
    const [one, other] = [await holdTask(), await holdTask()];
    const value = await client.withTypeMapping({ 36: Buffer }).hGet(one.key, "a:");
    const text = Buffer.from(value ?? "");
    await client.hSet(other.key, "a:", text);
    await client.hSet(one.key, "a:items", text);
    const fresher = Buffer.from(text);
    fresher.write("9", text.indexOf(":") + 1);
    await client.hSet(one.key, "a:", fresher);

    expect(await namesOf(replica, [keyOf(other.localId), keyOf(one.localId, ["items"])])).toEqual([[], []]);
    await heals(one.localId);
    await heals(other.localId);
  });

  it.each([
    ["noise", { "a:": "noise", n: "1:2:", "c:": "x", q: "soon" }],
    [
      "numbers beyond all bounds",
      { "a:": "99999999999999999999:1:x", n: `${"9".repeat(400)}:1:x`, "c:": "9e99:y", q: "9".repeat(40) },
    ],
    ["an answer from the far future", { "a:": "9007199254740991:9007199254740991:x", n: "9007199254740991:1:x" }],
    ["a claim and a suspicion without end", { "c:": "9007199254740991:somebody", q: "9007199254740991" }],
    ["a suspicion that anybody could write", { q: String(Date.now() + 30_000) }],
    ["nothing at all", { "a:": "", n: "", "c:": "", q: "" }],
    ["fields of another kind", { "": "x", a: "x", "a:items,,": "1:1:x", z: "x" }],
  ])("is a miss when it is %s, and an answer takes its place", async (_what, fields) => {
    const { localId, key } = await holdTask();
    await client.del(key);
    await client.hSet(key, fields);
    const startedAt = performance.now();

    expect(await namesOf(replica, [keyOf(localId)])).toEqual([[]]);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(replica.suspects).toEqual([]);
    await heals(localId);
  });

  it("keeps a replica from sharing when it is no hash, and no longer", async () => {
    const { localId, key } = await holdTask();
    await client.set(key, "a text", { PX: 3_000 });

    expect(await namesOf(replica, [keyOf(localId)])).toEqual([[]]);
    await expect.poll(() => replica.answers.isAvailable()).toBe(true);
    const other = await holdTask();
    expect(await namesOf(replica, [keyOf(other.localId)])).toEqual([[other.localId]]);
  });
});
