import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KnownAnswer, type KnownTask, learn } from "../../src/cache/known-task.ts";
import type { TaskKey } from "../../src/tasks/task-key.ts";
import { fewerRuns, propertyTimeoutMs } from "../support/property-runs.ts";
import { findRedis, newPrefix } from "../support/redis.ts";
import {
  found,
  goodFor,
  keyOf,
  limitsOf,
  notFound,
  type Replica,
  sequenceAt,
  startReplica,
  toldAtLast,
} from "./sharing-replicas.ts";

const redis = await findRedis();

let replicas: readonly Replica[] = [];

beforeAll(async () => {
  const prefix = newPrefix();
  if (redis.url) replicas = await Promise.all([1, 2, 3].map(() => startReplica(redis.url ?? "", prefix)));
});

afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await redis.end();
});

interface Publish {
  readonly replica: number;
  readonly answer: KnownAnswer;
}

const answers: fc.Arbitrary<KnownAnswer> = fc
  .record({
    sequence: fc.integer({ min: 1, max: 12 }).map(sequenceAt),
    facets: fc.option(fc.subarray(["children", "detail", "items"]), { nil: null }),
  })
  .map(({ sequence, facets }) => (facets ? found(sequence, `task ${sequence}`, facets) : notFound(sequence)));

/** Two calls never have one number. */
const publishes: fc.Arbitrary<Publish[]> = fc.uniqueArray(fc.record({ replica: fc.nat(2), answer: answers }), {
  minLength: 1,
  maxLength: 12,
  selector: ({ answer }) => answer.sequence,
});

const someReplica = (index: number): Replica => {
  const replica = replicas[index];
  if (!replica) throw new Error("There is no such replica.");
  return replica;
};

let tasks = 0;

function newTask(): TaskKey {
  tasks += 1;
  return keyOf(String(tasks));
}

async function heldOf(key: TaskKey): Promise<readonly KnownAnswer[]> {
  const [known] = await toldAtLast(someReplica(0), [key]);
  return known?.answers ?? [];
}

const runs = { numRuns: fewerRuns(5) };

describe.skipIf(!redis.url)(`answers from several replicas${redis.note}`, () => {
  it("leave no less than one knows that hears them in the same order", { timeout: propertyTimeoutMs }, async () => {
    await fc.assert(
      fc.asyncProperty(publishes, async (published) => {
        const key = newTask();
        let expected: KnownTask | undefined;
        for (const { replica, answer } of published) {
          expected = learn(expected, answer);
          someReplica(replica).answers.publish(key.reference, answer, goodFor(60_000));
          await untilWritten(someReplica(replica));
        }

        const held = (await heldOf(key)).reduce<KnownTask | undefined>(learn, undefined);
        expect(held?.answers[0]).toEqual(expected?.answers[0]);
        // The scripts cannot see that a task has changed: they may keep more, never less.
        expect(held?.answers).toEqual(expect.arrayContaining([...(expected?.answers ?? [])]));
      }),
      runs,
    );
  });

  it("never leave an older one in the place of a newer", { timeout: propertyTimeoutMs }, async () => {
    await fc.assert(
      fc.asyncProperty(publishes, async (published) => {
        const key = newTask();
        for (const { replica, answer } of published) {
          someReplica(replica).answers.publish(key.reference, answer, goodFor(60_000));
        }
        await Promise.all(replicas.map(untilWritten));
        const held = await heldOf(key);

        const newest = Math.max(...published.map(({ answer }) => answer.sequence));
        expect(held[0]?.sequence).toBe(newest);
        for (const [at, { sequence, ...older }] of held.entries()) {
          const newer = held.slice(0, at);
          expect(newer.every((answer) => answer.sequence > sequence)).toBe(true);
          const facets = "facets" in older ? older.facets : new Set<string>();
          expect(newer.some((answer) => answer.kind === "refused" || facets.isSubsetOf(answer.facets))).toBe(false);
        }
      }),
      runs,
    );
  });
});

let barriers = 0;

/** What a replica was told is in Redis: what comes later is done later. */
async function untilWritten(replica: Replica): Promise<void> {
  barriers += 1;
  const barrier = keyOf(`barrier ${barriers}`);
  await new Promise((resolve) => setImmediate(resolve));
  await replica.answers.consult([barrier], limitsOf());
}
