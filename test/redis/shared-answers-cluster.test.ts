import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SharingAccount } from "../../src/redis/shared-answers.ts";
import { newPrefix, type RedisServer, redisServerMissing, startRedisCluster } from "../support/redis.ts";
import {
  found,
  goodFor,
  keyOf,
  limitsOf,
  namesOf,
  type Replica,
  sequenceAt,
  startReplica,
} from "./sharing-replicas.ts";

let nodes: readonly RedisServer[] = [];
let replicas: readonly Replica[] = [];

const names = Array.from({ length: 8 }, (_, index) => `account-${index}`);
const accounts: Record<string, SharingAccount> = Object.fromEntries(
  names.map((name) => [name, { secrets: ["some-secret"], identity: [name] }]),
);

beforeAll(async () => {
  if (redisServerMissing !== "") return;
  nodes = await startRedisCluster();
  const prefix = newPrefix();
  replicas = await Promise.all(nodes.slice(0, 2).map(({ url }) => startReplica(url, prefix, accounts)));
}, 60_000);

afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await Promise.all(nodes.map((node) => node.end()));
});

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.skipIf(redisServerMissing)(`answers in a Cluster${redisServerMissing}`, () => {
  it("are shared, each account's at one place", async () => {
    const [here, there] = replicas;
    const keys = names.flatMap((name) => ["1", "2", "3"].map((id) => keyOf(id, [], "scope", name)));
    if (!here || !there) throw new Error("The replicas have not come up.");

    for (const { reference } of keys) {
      here.answers.publish(reference, found(sequenceAt(1), reference.id), goodFor(60_000));
    }
    await pause(200);
    const told = await namesOf(there, keys);
    const sizes = await Promise.all(nodes.map(async (node) => Number(await node.command("DBSIZE"))));

    expect(told).toEqual(keys.map(({ reference }) => [reference.id]));
    expect(there.runs.map((run) => run.keys.length)).toEqual(names.map(() => 3));
    expect(sizes.filter((size) => size >= 3).length).toBeGreaterThan(1);
  });

  it("are waited for", async () => {
    const [here, there] = replicas;
    if (!here || !there) throw new Error("The replicas have not come up.");
    const keys = names.map((name) => keyOf("4", [], "", name));
    await here.answers.consult(keys, limitsOf());

    const waiting = namesOf(there, keys);
    await pause(100);
    for (const { reference } of keys) {
      here.answers.publish(reference, found(sequenceAt(1), reference.id), goodFor(60_000));
    }

    expect(await waiting).toEqual(keys.map(({ reference }) => [reference.id]));
  });
});
