import { beforeEach, describe, expect, it } from "vitest";
import {
  type CredentialStore,
  createCredentialStore,
  type Token,
  type TokenFetch,
} from "../../src/http/credential-store.ts";
import type { SharedTokens } from "../../src/http/shared-tokens.ts";

let clock: number;
let shared: TestShared;
let store: CredentialStore;

/** What replicas have in common, and how often they did what with it. */
interface TestShared extends SharedTokens {
  readonly tokens: Map<string, Token>;
  readonly told: string[];
}

beforeEach(() => {
  clock = 1_000;
  shared = createShared();
  store = createCredentialStore(() => clock, shared);
});

function createShared(): TestShared {
  const tokens = new Map<string, Token>();
  const told: string[] = [];
  return {
    tokens,
    told,
    async take(identity, suits) {
      told.push("take");
      const token = tokens.get(identity);
      return token && suits(token) ? token : null;
    },
    publish(identity, token) {
      told.push(`publish ${token.value}`);
      tokens.set(identity, token);
    },
    release: () => void told.push("release"),
  };
}

const tokenOf = (value: string, { lifeMs = 1_000, renewMs = 800 } = {}): Token => ({
  value,
  expiresAt: clock + lifeMs,
  renewAt: clock + renewMs,
});

const fetchNamed = (value: string) => async (): Promise<TokenFetch<string>> => ({ token: tokenOf(value) });

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function ask(fetched = "own", asked = store): Promise<string> {
  const token = await asked.token("user", fetchNamed(fetched));
  return "value" in token ? token.value : `refused: ${token.refusal}`;
}

describe("createCredentialStore, with tokens that replicas share", () => {
  it("uses a token that another replica has fetched, as if fetched", async () => {
    shared.tokens.set("user", tokenOf("theirs"));

    expect([await ask(), await ask()]).toEqual(["theirs", "theirs"]);
    expect(store.knownTokens()).toEqual(["theirs"]);
    expect(shared.told).toEqual(["take"]);
  });

  it("hands what it fetched to the others, for all its waiters once", async () => {
    const other = createCredentialStore(() => clock, shared);

    expect(await Promise.all([ask(), ask(), ask()])).toEqual(["own", "own", "own"]);
    expect(await ask("another", other)).toBe("own");
    expect(shared.told).toEqual(["take", "publish own", "take"]);
  });

  it.each([
    ["has expired", { lifeMs: 0 }],
    ["has to be renewed already", { renewMs: 0 }],
  ])("takes no token that %s", async (_what, times) => {
    shared.tokens.set("user", tokenOf("theirs", times));

    expect(await ask()).toBe("own");
  });

  it("takes no token back that an upstream refused", async () => {
    await ask("refused");
    store.drop("user", "refused");

    expect(await ask("new")).toBe("new");
    expect(store.knownTokens()).toEqual(["new", "refused"]);
    expect(shared.tokens.get("user")?.value).toBe("new");
  });

  it("adopts in the background what another replica has renewed", async () => {
    await ask("old");
    clock += 800;
    shared.tokens.set("user", tokenOf("renewed"));

    const meanwhile = await ask();
    await settled();

    expect([meanwhile, await ask()]).toEqual(["old", "renewed"]);
    expect(store.knownTokens()).toEqual(["renewed", "old"]);
    expect(shared.told).toEqual(["take", "publish old", "take"]);
  });

  it("renews in the background, for the others too", async () => {
    await ask("old");
    clock += 800;

    const meanwhile = await Promise.all([ask("renewed"), ask("renewed")]);
    await settled();

    expect([...meanwhile, await ask()]).toEqual(["old", "old", "renewed"]);
    expect(shared.told).toEqual(["take", "publish old", "take", "publish renewed"]);
  });

  it("lets the others try when no token could be had, and keeps the refusal to itself", async () => {
    const other = createCredentialStore(() => clock, shared);
    const refused = async (): Promise<TokenFetch<string>> => ({ refusal: "locked", holdMs: 5_000 });

    expect(await store.token("user", refused)).toEqual({ refusal: "locked" });
    expect(shared.told).toEqual(["take", "release"]);
    expect([await ask(), await ask("own", other)]).toEqual(["refused: locked", "own"]);
    expect(shared.told, "who is held back asks nobody").toEqual(["take", "release", "take", "publish own"]);
  });

  it("lets the others try when a fetch rejects", async () => {
    const failing = async (): Promise<TokenFetch<string>> => {
      throw new Error("defect");
    };

    await expect(store.token("user", failing)).rejects.toThrow("defect");
    expect(shared.told).toEqual(["take", "release"]);
    expect(await ask()).toBe("own");
  });

  it("ends a hold with a token that another replica was given", async () => {
    await store.token("user", async () => ({ refusal: "busy", holdMs: 100 }));
    clock += 100;
    shared.tokens.set("user", tokenOf("theirs"));

    expect(await ask()).toBe("theirs");
    expect(store.refusalOf("user")).toBeUndefined();
  });

  it("judges at the time of taking whether a token has been refused", async () => {
    await ask("first");
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow: SharedTokens = { ...shared, take: async (...args) => promise.then(() => shared.take(...args)) };
    const late = createCredentialStore(() => clock, slow);
    const waiting = ask("own", late);
    clock += 1_000;

    resolve();

    expect(await waiting).toBe("own");
  });
});
