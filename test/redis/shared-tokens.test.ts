import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import {
  type CredentialStore,
  createCredentialStore,
  type Token,
  type TokenFetch,
} from "../../src/http/credential-store.ts";
import type { SharedTokens } from "../../src/http/shared-tokens.ts";
import { identityOf } from "../../src/providers/shared/identity.ts";
import { Secret } from "../../src/providers/shared/secret.ts";
import { createSealing } from "../../src/redis/sealing.ts";
import { createSharedTokens } from "../../src/redis/shared-tokens.ts";
import type { Store } from "../../src/redis/store.ts";
import { createTestSender, type TestSender } from "../http/sending.ts";
import { findRedis, newPrefix, redisServerMissing, startRedis } from "../support/redis.ts";
import { askRedis, openStores, steadily } from "./stores.ts";

const redis = await findRedis();
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

afterAll(() => redis.end());

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const tokenOf = (value: string, lifeMs = 60_000, renewInMs = lifeMs / 2): Token => ({
  value,
  expiresAt: Date.now() + lifeMs,
  renewAt: Date.now() + renewInMs,
});

async function openShared(url: string, prefix: string, replicas: number): Promise<SharedTokens[]> {
  const stores: Store[] = await openStores(url, replicas);
  closing.push(() => Promise.all(stores.map((store) => store.close())));
  return stores.map((store) => createSharedTokens({ store, prefix, now: Date.now }));
}

async function openReplicas(url: string, prefix = newPrefix(), replicas = 3): Promise<CredentialStore[]> {
  return (await openShared(url, prefix, replicas)).map((shared) => createCredentialStore(Date.now, shared));
}

/** Takes its time, which a test may not have. */
async function deriveName(replicas: readonly CredentialStore[], identity: string): Promise<void> {
  const fetchOld = async () => ({ token: tokenOf("old", 20, 10) });
  await Promise.all(replicas.map((replica) => replica.token(identity, fetchOld)));
  await wait(30);
}

function tokenValue(token: object): string {
  if (!("value" in token)) throw new Error(`No token: ${JSON.stringify(token)}`);
  return String(token.value);
}

/** Counts how often it is asked, and how often at the same time. */
function createEndpoint(answer: (count: number) => Promise<TokenFetch<string>>): {
  fetch(): Promise<TokenFetch<string>>;
  asked(): number;
  mostAtOnce(): number;
} {
  let asked = 0;
  let underWay = 0;
  let mostAtOnce = 0;
  return {
    async fetch() {
      asked += 1;
      underWay += 1;
      mostAtOnce = Math.max(mostAtOnce, underWay);
      try {
        return await answer(asked);
      } finally {
        underWay -= 1;
      }
    },
    asked: () => asked,
    mostAtOnce: () => mostAtOnce,
  };
}

/** A token endpoint over HTTP, which takes its time. */
async function startEndpoint(): Promise<{ url: string; asked(): number }> {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    setTimeout(() => response.end(`token ${asked}`), 200);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(async () => {
    server.close();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/token`, asked: () => asked };
}

function fetchOver({ sendForCredentials }: TestSender, url: string): () => Promise<TokenFetch<string>> {
  return () =>
    sendForCredentials<TokenFetch<string>>({
      limits: { signal: new AbortController().signal, deadlineAt: Date.now() + 5_000 },
      prepare: () => ({ request: { method: "POST", url, headers: {} } }),
      judge: (exchange) =>
        exchange.kind === "failure"
          ? { value: { refusal: exchange.reason, holdMs: 0 } }
          : { value: { token: tokenOf(exchange.text) } },
    });
}

/** Every key below the prefix and all that it holds, as an onlooker would read it. */
async function dump(url: string, prefix: string): Promise<{ keys: string[]; everything: string }> {
  const keys = (await askRedis(url, "KEYS", `${prefix}:*`)) as string[];
  const values = await Promise.all(keys.map(async (key) => String(await askRedis(url, "GET", key))));
  return { keys, everything: [...keys, ...values].join("\n") };
}

describe.skipIf(!redis.url)(`createSharedTokens${redis.note}`, () => {
  const url = redis.url ?? "";

  it(
    "has three replicas that start together fetch one token over HTTP",
    steadily(async () => {
      const endpoint = await startEndpoint();
      const replicas = await openReplicas(url);

      const tokens = await Promise.all(
        replicas.map((replica) => {
          const sender = createTestSender();
          closing.push(() => sender.close());
          return replica.token("huawei-token abc", fetchOver(sender, endpoint.url));
        }),
      );

      expect(tokens.map(tokenValue)).toEqual(["token 1", "token 1", "token 1"]);
      expect(endpoint.asked()).toBe(1);
      expect(replicas.map((replica) => replica.knownTokens())).toEqual([["token 1"], ["token 1"], ["token 1"]]);
    }),
  );

  it(
    "has one of them renew, and the others adopt",
    steadily(async () => {
      const replicas = await openReplicas(url);
      await deriveName(replicas, "user");
      const endpoint = createEndpoint(async (count) => {
        await wait(100);
        return { token: tokenOf(`token ${count}`, 60_000, count === 1 ? 1_000 : 50_000) };
      });
      const ask = async (): Promise<string[]> =>
        (await Promise.all(replicas.map((replica) => replica.token("user", endpoint.fetch)))).map(tokenValue);
      await ask();
      await wait(1_000);

      const meanwhile = await ask();
      await wait(500);

      expect([meanwhile, await ask()]).toEqual([
        ["token 1", "token 1", "token 1"],
        ["token 2", "token 2", "token 2"],
      ]);
      expect(endpoint.asked()).toBe(2);
    }),
  );

  it(
    "replaces a token that an upstream refused, for all",
    steadily(async () => {
      const [one, other, late] = await openReplicas(url);
      const endpoint = createEndpoint(async (count) => ({ token: tokenOf(`token ${count}`) }));
      const ask = async (replica: CredentialStore | undefined): Promise<string> =>
        tokenValue((await replica?.token("user", endpoint.fetch)) ?? {});
      await ask(one);
      await expect.poll(() => ask(other)).toBe("token 1");

      one?.drop("user", "token 1");
      expect(await ask(one)).toBe("token 2");
      other?.drop("user", "token 1");

      expect([await ask(other), await ask(late)]).toEqual(["token 2", "token 2"]);
      expect(endpoint.asked()).toBe(2);
    }),
  );

  it(
    "lets the next one try at once when a fetch came to nothing",
    steadily(async () => {
      const replicas = await openReplicas(url);
      await deriveName(replicas, "user");
      const [one, other] = replicas;
      const refusing = one?.token("user", async () => {
        await wait(200);
        return { refusal: "busy", holdMs: 0 };
      });
      await wait(150);
      const startedAt = Date.now();

      const token = await other?.token("user", async () => ({ token: tokenOf("mine") }));

      expect([await refusing, tokenValue(token ?? {})]).toEqual([{ refusal: "busy" }, "mine"]);
      expect(Date.now() - startedAt).toBeLessThan(1_000);
    }),
  );

  it(
    "waits three seconds for a replica that died over its fetch, then fetches",
    steadily(async () => {
      const [dying, other] = await openShared(url, newPrefix(), 2);
      expect(await dying?.take("user", () => true)).toBeNull();
      const startedAt = Date.now();

      expect(await other?.take("user", () => true)).toBeNull();

      expect(Date.now() - startedAt).toBeGreaterThanOrEqual(2_900);
      expect(Date.now() - startedAt).toBeLessThan(3_600);
    }),
  );

  it(
    "removes no claim of another",
    steadily(async () => {
      const [one, other, third] = await openShared(url, newPrefix(), 3);
      await one?.take("user", () => true);

      other?.release("user");
      await wait(200);
      const taking = third?.take("user", () => true);
      await wait(200);
      one?.publish("user", tokenOf("found"));

      expect((await taking)?.value).toBe("found");
    }),
  );

  it(
    "gives no token that does not suit, nor one beyond its end",
    steadily(async () => {
      const [one, other] = await openShared(url, newPrefix(), 2);
      one?.publish("user", tokenOf("old", 60_000));
      await expect.poll(async () => (await other?.take("user", () => true))?.value).toBe("old");
      expect(await other?.take("user", ({ value }) => value !== "old")).toBeNull();

      other?.publish("user", tokenOf("short", 300));
      await expect.poll(async () => (await one?.take("user", () => true))?.value).toBe("short");
      await wait(350);
      expect(await one?.take("user", () => true)).toBeNull();
    }),
  );

  it(
    "never has two replicas fetch at the same time, and uses up no token twice",
    steadily(async () => {
      const step = fc.record({ replica: fc.nat(2), atMs: fc.nat(1_500), drops: fc.boolean() });
      const plan = fc.record({
        fetchMs: fc.integer({ min: 1, max: 150 }),
        fails: fc.array(fc.boolean(), { maxLength: 5 }),
        steps: fc.array(step, { minLength: 10, maxLength: 30 }),
      });
      const replicas = await openReplicas(url);
      const plans = fc.sample(plan, 5);
      // Deriving many names at once takes longer than a replica waits.
      for (const index of plans.keys()) await deriveName(replicas, `user ${index}`);

      const results = await Promise.all(
        plans.map(async ({ fetchMs, fails, steps }, index) => {
          const identity = `user ${index}`;
          const endpoint = createEndpoint(async (count) => {
            await wait(fetchMs);
            return fails[count] ? { refusal: "busy", holdMs: 0 } : { token: tokenOf(`token ${count}`) };
          });
          const dropped = replicas.map(() => new Set<string>());
          let broken = 0;
          await Promise.all(
            steps.map(async ({ replica, atMs, drops }) => {
              await wait(atMs);
              const refused = [...(dropped[replica] ?? [])];
              const token = await replicas[replica]?.token(identity, endpoint.fetch);
              if (!token || !("value" in token)) return;
              if (refused.includes(token.value)) broken += 1;
              if (!drops) return;
              replicas[replica]?.drop(identity, token.value);
              dropped[replica]?.add(token.value);
            }),
          );
          return { mostAtOnce: endpoint.mostAtOnce(), broken };
        }),
      );

      expect(results).toEqual(results.map(() => ({ mostAtOnce: 1, broken: 0 })));
    }),
  );

  it.each<[string, (sealed: Buffer) => Buffer]>([
    ["nothing at all", () => Buffer.alloc(0)],
    ["a text", () => Buffer.from("token")],
    ["a part of it", (sealed) => sealed.subarray(0, -1)],
    ["one changed bit", (sealed) => Buffer.concat([sealed.subarray(0, -1), Buffer.from([(sealed.at(-1) ?? 0) ^ 1])])],
  ])("takes %s for no token", async (_what, spoil) => {
    const prefix = newPrefix();
    const [one, other] = await openShared(url, prefix, 2);
    const { tag, seal } = await createSealing(["user"], "token");
    const key = `${prefix}:1:{${tag}}:token`;
    one?.publish("user", tokenOf("found"));
    await expect.poll(async () => (await other?.take("user", () => true))?.value).toBe("found");
    const sealed = seal(JSON.stringify(tokenOf("mine")), key);

    await write(key, sealed);
    expect((await other?.take("user", () => true))?.value).toBe("mine");
    await write(key, spoil(sealed));

    expect(await other?.take("user", () => true)).toBeNull();
  });

  it.each([
    "null",
    "[]",
    "{",
    '{"value":"t"}',
    '{"value":"","expiresAt":9999999999999,"renewAt":9999999999999}',
    '{"value":"t","expiresAt":1e999,"renewAt":9999999999999}',
    '{"value":"t","expiresAt":9999999999999,"renewAt":"soon"}',
  ])("takes a sealed %s of another version for no token", async (text) => {
    const prefix = newPrefix();
    const [shared] = await openShared(url, prefix, 1);
    const { tag, seal } = await createSealing(["user"], "token");
    const key = `${prefix}:1:{${tag}}:token`;

    await write(key, seal(text, key));

    expect(await shared?.take("user", () => true)).toBeNull();
  });

  it(
    "takes no token of another identity",
    steadily(async () => {
      const prefix = newPrefix();
      const [one, other] = await openShared(url, prefix, 2);
      one?.publish("user", tokenOf("found"));
      await expect.poll(async () => (await other?.take("user", () => true))?.value).toBe("found");
      const [keyOfUser] = (await dump(url, prefix)).keys;
      const { tag } = await createSealing(["somebody"], "token");

      await askRedis(url, "COPY", String(keyOfUser), `${prefix}:1:{${tag}}:token`);

      expect(await other?.take("somebody", () => true)).toBeNull();
    }),
  );

  it(
    "leaves neither token nor identity nor anything quickly computed from them in Redis, and nothing for ever",
    steadily(async () => {
      const prefix = newPrefix();
      const password = "correct horse";
      const identity = identityOf("huawei-token", ["https://iam", "domain", "user"], new Secret(password));
      const [one, other] = await openReplicas(url, prefix);
      const fetching = one?.token(identity, async () => {
        await wait(100);
        return { token: tokenOf("the-token-itself") };
      });
      await expect.poll(async () => (await dump(url, prefix)).keys.length).toBe(1);
      const during = await dump(url, prefix);
      await fetching;
      await other?.token(identity, async () => ({ token: tokenOf("another-token") }));
      const afterwards = await dump(url, prefix);

      const secrets = [password, identity, String(identity.split(" ")[1]), "the-token-itself"];
      const quick = secrets.flatMap((secret) =>
        (["md5", "sha1", "sha256", "sha512"] as const).flatMap((algorithm) => [
          createHash(algorithm).update(secret).digest(),
          createHmac(algorithm, secret).update(identity).digest(),
          createHmac(algorithm, "token").update(secret).digest(),
        ]),
      );
      const shown = [
        ...secrets,
        ...[...secrets.map((secret) => Buffer.from(secret)), ...quick].flatMap((bytes) =>
          (["hex", "base64", "base64url"] as const).map((form) => bytes.toString(form).slice(0, 16)),
        ),
      ];
      const everything = [during.everything, afterwards.everything].join("\n");
      expect(shown.filter((secret) => everything.includes(secret))).toEqual([]);
      const { tag } = await createSealing([identity], "token");
      expect([during.keys, afterwards.keys], "whoever guesses has to derive each guess").toEqual([
        [`${prefix}:1:{${tag}}:token-claim`],
        [`${prefix}:1:{${tag}}:token`],
      ]);
      expect(await askRedis(url, "PTTL", String(afterwards.keys[0]))).toBeGreaterThan(50_000);
      expect(await askRedis(url, "PTTL", String(afterwards.keys[0]))).toBeLessThanOrEqual(60_000);
    }),
  );

  async function write(key: string, value: Buffer): Promise<void> {
    await askRedis(url, "SET", key, value, "PX", "60000");
  }
});

describe.skipIf(redisServerMissing)(`createSharedTokens, while the store is away${redisServerMissing}`, () => {
  it("has the replica fetch for itself at once", async () => {
    const server = await startRedis();
    closing.push(() => server.end());
    const [one, other] = await openShared(server.url, newPrefix(), 2);
    expect(await one?.take("user", () => true)).toBeNull();
    const waiting = other?.take("user", () => true);
    await wait(300);
    await server.kill();
    const killedAt = Date.now();

    expect(await waiting).toBeNull();
    expect(await other?.take("user", () => true)).toBeNull();
    one?.publish("user", tokenOf("for nobody"));
    one?.release("user");
    expect(Date.now() - killedAt).toBeLessThan(1_000);
  });
});
