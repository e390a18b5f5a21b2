import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collectSecrets } from "../../src/config/collect-secrets.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { providers } from "../../src/providers/registry.ts";
import { PLANTED_DLI_SECRETS } from "../../src/sandbox/huawei-dli-batch.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { prepareRedis, type RedisServer, redisServerMissing } from "../support/redis.ts";
import { startService, type TestService } from "../support/service.ts";
import { findText, type HeldBytes, readAll } from "./held-bytes.ts";
import { isStoreUp } from "./replica-world.ts";

/** All that there is to be had, so that all of it is told to other replicas. */
const everything = `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task {
  name failure { message } observation { source }
  ... on EiotclubTask { result }
  ... on SopsTask { currentStep nodes(first: 1000, maxDepth: 100) { nodes { name } } }
  ... on FeishuContactTask { items(first: 1000) { nodes { message name
    ... on FeishuUserItem { email mobile userId openId }
    ... on FeishuDepartmentItem { departmentId chatId }
  } } }
  ... on DliBatchJob { owner queue applicationId logTail }
  ... on DrsJob { progress { percent } taskMode engineType phases { name } }
} } } }`;

/** Fields with texts that nobody but the caller is to see, and how many texts of each are looked for. */
const telling = "name message result currentStep email mobile userId openId departmentId chatId owner logTail".split(
  " ",
);
const textsPerField = 30;

const planted = 'card "8986-planted" of /Zoë Ünal\\, PIN 471147';

const tasksPerAccount = 30;

interface Answer {
  readonly batchTasks: { readonly lookups: readonly { readonly task: AnsweredTask | null }[] };
}

interface AnsweredTask {
  readonly result?: string | null;
  readonly items?: { readonly nodes: readonly unknown[] } | null;
  readonly observation: { readonly source: string };
}

/** What is told of tasks that have ended well. */
const overIn = ({ batchTasks }: Answer): unknown[] =>
  endedTasks(batchTasks).map(({ result, items }) => result ?? items);

const sourcesOf = ({ batchTasks }: Answer): string[] => [
  ...new Set(endedTasks(batchTasks).map(({ observation }) => observation.source)),
];

/** Beyond this, an answer is not told to others. The rest of a task takes some room, too. */
const mostLetters = 20_000;

function endedTasks({ lookups }: Answer["batchTasks"]): AnsweredTask[] {
  const tasks = lookups.flatMap(({ task }) => task ?? []);
  return tasks.filter(
    (task) =>
      JSON.stringify(task).length <= mostLetters &&
      (task.result === planted || (task.items && task.items.nodes.length > 0)),
  );
}

/** The texts of these fields, wherever they stand. */
function collectTexts(value: unknown, field = "", texts = new Map<string, Set<string>>()): Map<string, Set<string>> {
  if (typeof value === "string" && value.length >= 6 && telling.includes(field)) {
    texts.set(field, (texts.get(field) ?? new Set()).add(value));
  } else if (Array.isArray(value)) for (const item of value) collectTexts(item, field, texts);
  else if (typeof value === "object" && value !== null) {
    for (const [key, part] of Object.entries(value)) collectTexts(part, key, texts);
  }
  return texts;
}

describe.skipIf(redisServerMissing !== "")(`what stands in Redis${redisServerMissing}`, { timeout: 60_000 }, () => {
  let sandbox: Sandbox;
  let redis: RedisServer;
  const services: TestService[] = [];

  beforeAll(async () => {
    sandbox = await startSandbox();
    redis = await prepareRedis();
    await redis.start();
  });

  afterAll(async () => {
    for (const service of services) await service.close();
    await sandbox?.close();
    await redis?.end();
  });

  async function startReplica(cache: Readonly<Record<string, unknown>> = {}): Promise<TestService> {
    const service = await startService({ sandbox, cache: { redisUrl: redis.url, ...cache } });
    services.push(service);
    await expect.poll(() => isStoreUp(service.url)).toBe(true);
    return service;
  }

  function idsOfAll(): string[] {
    const names = Object.keys(sandbox.accounts());
    return names.flatMap((name) => {
      // Those at the end live: some are over and have items, others have only begun.
      const held = sandbox.tasks().filter(({ account }) => account === name);
      const chosen = [...held.slice(0, tasksPerAccount / 2), ...held.slice(-tasksPerAccount / 2)];
      return [...new Set(chosen.map(({ upstreamId }) => `${name}:${upstreamId}`))];
    });
  }

  /** What the service has sent to prove who it is. */
  function sentCredentials(): string[] {
    const calls = sandbox.upstreamNames.flatMap((name) => sandbox.upstream(name).calls);
    const headers = calls.flatMap(({ headers }) => [
      headers["x-auth-token"],
      headers.authorization?.replace(/^Bearer /, ""),
      headers["x-bkapi-authorization"],
    ]);
    return [...new Set(headers.filter((header) => header !== undefined))];
  }

  function configuredSecrets(): string[] {
    const document = { accounts: sandbox.accounts() };
    return collectSecrets(loadConfig(document, { environment: {}, readFile: () => "" }, providers));
  }

  /** Accounts whose answers stand there: each has a tag. */
  const accountsIn = (held: HeldBytes): number =>
    new Set([...held.keys()].flatMap((where) => /^part 0 of batch-task:\w+:(\{.+\}):.*:/.exec(where)?.[1] ?? [])).size;

  const found = (held: HeldBytes, texts: Iterable<string>): string[] =>
    [...texts].flatMap((text) => findText(held, text).map((where) => `${text} stands in ${where}`));

  it("tells other replicas everything, and nobody else anything", async () => {
    sandbox.upstream("eiotclub").set({ rowPatches: { "884001": { status: "2", result: planted } } });
    const ids = idsOfAll();
    // With room for one task in memory it tells whatever it is asked. An account tells nothing before its key is derived.
    const teller = await startReplica({ maxEntries: 1 });
    let told: Answer = { batchTasks: { lookups: [] } };
    await expect
      .poll(async () => {
        told = (await teller.query(everything, { ids })).body.data;
        return accountsIn(await readAll(redis.url));
      })
      .toBe(new Set(ids.map((id) => id.slice(0, id.indexOf(":")))).size);
    const texts = collectTexts(told);
    expect([...texts.keys()].toSorted()).toEqual(telling.toSorted());
    expect(texts.get("result")).toContain(planted);

    const held = await readAll(redis.url);
    expect(held.size).toBeGreaterThan(ids.length);
    const tokens = sentCredentials();
    expect(tokens.filter((token) => token.startsWith("t-"))).toHaveLength(2);
    const personal = [...texts.values()].flatMap((ofField) => [...ofField].slice(0, textsPerField));
    expect(found(held, new Set([planted, ...personal]))).toEqual([]);
    expect(found(held, new Set([...PLANTED_DLI_SECRETS, ...configuredSecrets(), ...tokens]))).toEqual([]);

    // It does stand there, for those who have the accounts' credentials. What is over stays good for long.
    let patienceMs = 0;
    await expect
      .poll(
        async () => {
          const reader = await startReplica();
          patienceMs += 500;
          await new Promise((resolve) => setTimeout(resolve, patienceMs));
          const { body } = await reader.query(everything, { ids });
          expect(overIn(body.data)).toEqual(overIn(told));
          return sourcesOf(body.data);
        },
        { timeout: 30_000 },
      )
      .toEqual(["CACHE"]);
    expect(overIn(told).length).toBeGreaterThan(10);
  });

  it("is looked through: a text is found however it is written", async () => {
    const name = "Zoë /Ünal\\";
    const writings = {
      clear: `{"name":"${name}"}`,
      json: JSON.stringify({ name }).replaceAll("/", "\\/"),
      escaped: "\\u005a\\u006f\\u00eb\\u0020\\u002f\\u00dc\\u006e\\u0061\\u006c\\u005c",
      base64: Buffer.from(`{"name":"${name}"}`).toString("base64"),
      shifted: Buffer.from(`x{"name":"${name}"}`).toString("base64url"),
      again: Buffer.from(`xx{"name":"${name}"}`).toString("base64"),
      hex: Buffer.from(name).toString("hex"),
    };
    for (const [way, writing] of Object.entries(writings)) {
      await redis.command("HSET", `control:${way}`, "field", writing);
    }
    await redis.command("SET", `control:${name}`, "in a name");
    await redis.command("ZADD", "control:sorted", "1", name);

    const places = findText(await readAll(redis.url), name).map((place) => place.replace(/^part \d+ of /, ""));
    expect(places).toEqual(expect.arrayContaining(Object.keys(writings).map((way) => `control:${way}`)));
    expect(places).toContain("control:sorted");
    expect(places.filter((place) => place.startsWith("the name of control:"))).toHaveLength(1);
  });
});
