import { beforeEach, describe, expect, it } from "vitest";
import { type CredentialStore, createCredentialStore, type TokenFetch } from "../../src/http/credential-store.ts";

type Fetch = TokenFetch<string>;

let clock: number;
let store: CredentialStore;

beforeEach(() => {
  clock = 1_000;
  store = createCredentialStore(() => clock);
});

const tokenOf = (value: string, { lifeMs = 1_000, renewMs = 800 } = {}): Fetch => ({
  token: { value, expiresAt: clock + lifeMs, renewAt: clock + renewMs },
});

describe("createCredentialStore", () => {
  it("fetches once for many waiters", async () => {
    const endpoint = createTokenEndpoint();

    const waiting = Array.from({ length: 50 }, () => store.token("user", endpoint.fetch));
    endpoint.answer(tokenOf("t1"));

    expect(new Set((await Promise.all(waiting)).map(tokenValue))).toEqual(new Set(["t1"]));
    expect(endpoint.asked()).toBe(1);
  });

  it("keeps identities apart", async () => {
    const tokens = await Promise.all([
      store.token("one", async () => tokenOf("t1")),
      store.token("two", async () => tokenOf("t2")),
    ]);

    expect(tokens.map(tokenValue)).toEqual(["t1", "t2"]);
  });

  it("serves the running token without fetching, until it expires", async () => {
    const endpoint = createTokenEndpoint();
    endpoint.answer(tokenOf("t1", { renewMs: 2_000 }));
    await store.token("user", endpoint.fetch);

    clock += 999;
    const last = await store.token("user", endpoint.fetch);
    clock += 1;
    endpoint.answer(tokenOf("t2"));
    const next = await store.token("user", endpoint.fetch);

    expect([tokenValue(last), tokenValue(next), endpoint.asked()]).toEqual(["t1", "t2", 2]);
  });

  it("renews in the background, once, while the old token serves", async () => {
    await store.token("user", async () => tokenOf("t1"));
    const endpoint = createTokenEndpoint();
    clock += 800;

    const meanwhile = await Promise.all([store.token("user", endpoint.fetch), store.token("user", endpoint.fetch)]);
    endpoint.answer(tokenOf("t2"));
    await settled();
    const afterwards = await store.token("user", endpoint.fetch);

    expect(meanwhile.map(tokenValue)).toEqual(["t1", "t1"]);
    expect([tokenValue(afterwards), endpoint.asked()]).toEqual(["t2", 1]);
  });

  it("goes on with the running token when renewing it is refused, without asking again while that is held", async () => {
    await store.token("user", async () => tokenOf("t1"));
    const endpoint = createTokenEndpoint();
    clock += 800;

    await store.token("user", endpoint.fetch);
    endpoint.answer({ refusal: "down", holdMs: 100 });
    await settled();
    clock += 99;
    const held = await store.token("user", endpoint.fetch);
    await settled();

    expect([tokenValue(held), endpoint.asked()]).toEqual(["t1", 1]);
  });

  it("tries to renew again when the hold is over", async () => {
    await store.token("user", async () => tokenOf("t1"));
    const endpoint = createTokenEndpoint();
    clock += 800;
    await store.token("user", endpoint.fetch);
    endpoint.answer({ refusal: "down", holdMs: 100 });
    await settled();

    clock += 100;
    await store.token("user", endpoint.fetch);
    endpoint.answer(tokenOf("t2"));
    await settled();

    expect(tokenValue(await store.token("user", endpoint.fetch))).toBe("t2");
  });

  it("answers a refused fetch to all its waiters, and holds it", async () => {
    const endpoint = createTokenEndpoint();

    const waiting = [store.token("user", endpoint.fetch), store.token("user", endpoint.fetch)];
    endpoint.answer({ refusal: "bad password", holdMs: 5_000 });
    const refused = await Promise.all(waiting);
    clock += 4_999;
    const held = await store.token("user", endpoint.fetch);

    expect([...refused, held]).toEqual(Array.from({ length: 3 }, () => ({ refusal: "bad password" })));
    expect(endpoint.asked()).toBe(1);
  });

  it("asks again when the hold of a refused fetch is over", async () => {
    await store.token("user", async (): Promise<Fetch> => ({ refusal: "bad password", holdMs: 5_000 }));
    clock += 5_000;

    expect(tokenValue(await store.token("user", async () => tokenOf("t1")))).toBe("t1");
    expect(store.refusalOf("user")).toBeUndefined();
  });

  it("asks again at once after a refusal that is not to be held", async () => {
    await store.token("user", async (): Promise<Fetch> => ({ refusal: "busy", holdMs: 0 }));

    expect(tokenValue(await store.token("user", async () => tokenOf("t1")))).toBe("t1");
  });

  it("drops a refused token, and fetches another", async () => {
    await store.token("user", async () => tokenOf("t1"));

    store.drop("user", "t1");

    expect(tokenValue(await store.token("user", async () => tokenOf("t2")))).toBe("t2");
  });

  it("does not drop the running token on behalf of a caller who was refused with an older one", async () => {
    await store.token("user", async () => tokenOf("t1"));
    store.drop("user", "t1");
    const endpoint = createTokenEndpoint();
    endpoint.answer(tokenOf("t2", { renewMs: 2_000 }));
    await store.token("user", endpoint.fetch);

    store.drop("user", "t1");

    expect(tokenValue(await store.token("user", endpoint.fetch))).toBe("t2");
    expect(endpoint.asked()).toBe(1);
  });

  it("does not bring a dropped token back with a waiter of its own fetch that comes late", async () => {
    const endpoint = createTokenEndpoint();
    const first = store.token("user", endpoint.fetch).then((token) => store.drop("user", tokenValue(token)));
    const second = store.token("user", endpoint.fetch);
    endpoint.answer(tokenOf("t1"));
    await Promise.all([first, second]);

    endpoint.answer(tokenOf("t2"));
    const next = await store.token("user", endpoint.fetch);

    expect(tokenValue(next)).toBe("t2");
  });

  it("drops nothing of an identity that it does not know", () => {
    expect(() => store.drop("nobody", "t1")).not.toThrow();
  });

  it("holds nobody back for longer when the clock is set back", () => {
    clock = 3_700_000;
    store.hold("user", "locked", 300_000);
    clock -= 3_600_000;

    expect(store.refusalOf("user")).toBeUndefined();
  });

  it("holds an identity back for as long as it was told", () => {
    store.hold("user", "locked", 300_000);

    const during = store.refusalOf("user");
    clock += 300_000;

    expect([during, store.refusalOf("user"), store.refusalOf("other")]).toEqual(["locked", undefined, undefined]);
  });

  it("does not fetch with an identity that is held back", async () => {
    store.hold("user", "locked", 300_000);
    const endpoint = createTokenEndpoint();

    expect(await store.token("user", endpoint.fetch)).toEqual({ refusal: "locked" });
    expect(endpoint.asked()).toBe(0);
  });

  it("rejects to the waiters of a fetch that rejects, and asks again for the next", async () => {
    const failing = async (): Promise<Fetch> => {
      throw new Error("defect");
    };

    const waiting = [store.token("user", failing), store.token("user", failing)];

    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(tokenValue(await store.token("user", async () => tokenOf("t1")))).toBe("t1");
  });

  it("survives a background renewal that rejects", async () => {
    await store.token("user", async () => tokenOf("t1"));
    clock += 800;

    const during = await store.token("user", async (): Promise<Fetch> => {
      throw new Error("defect");
    });
    await settled();

    expect(tokenValue(during)).toBe("t1");
    await store.token("user", async () => tokenOf("t2"));
    await settled();
    expect(tokenValue(await store.token("user", async () => tokenOf("t3")))).toBe("t2");
  });
});

/** A token endpoint that answers when the test says so, each answer to one fetch. */
function createTokenEndpoint(): { fetch(): Promise<Fetch>; answer(fetched: Fetch): void; asked(): number } {
  const asked: ((fetched: Fetch) => void)[] = [];
  const ready: Fetch[] = [];
  let count = 0;
  return {
    fetch() {
      count += 1;
      const { promise, resolve } = Promise.withResolvers<Fetch>();
      const answer = ready.shift();
      if (answer) resolve(answer);
      else asked.push(resolve);
      return promise;
    },
    answer(fetched) {
      const waiting = asked.shift();
      if (waiting) waiting(fetched);
      else ready.push(fetched);
    },
    asked: () => count,
  };
}

function tokenValue(token: object): string {
  if (!("value" in token)) throw new Error(`No token: ${JSON.stringify(token)}`);
  return String(token.value);
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("knownTokens", () => {
  it("names replaced and dropped tokens for a while: calls under way still carry them", async () => {
    const tokens = createCredentialStore(() => 0);
    const fetchNamed = (value: string) => async () => ({ token: { value, expiresAt: 10, renewAt: 10 } });

    for (const value of ["first", "the second", "third", "4th", "the very last"]) {
      await tokens.token("me", fetchNamed(value));
      tokens.drop("me", value);
    }
    await tokens.token("me", fetchNamed("running"));

    expect(new Set(tokens.knownTokens())).toEqual(new Set(["the very last", "running", "third", "4th"]));
  });

  it("answers the same list until a token comes or goes", async () => {
    const tokens = createCredentialStore(() => 0);
    const none = tokens.knownTokens();
    expect(tokens.knownTokens()).toBe(none);

    await tokens.token("me", async () => ({ token: { value: "first", expiresAt: 10, renewAt: 10 } }));
    const one = tokens.knownTokens();
    await tokens.token("me", async () => ({ refusal: "never asked", holdMs: 0 }));
    expect(one).toEqual(["first"]);
    expect(tokens.knownTokens()).toBe(one);

    tokens.drop("me", "another");
    expect(tokens.knownTokens()).toBe(one);
    tokens.drop("me", "first");
    await tokens.token("me", async () => ({ token: { value: "second", expiresAt: 10, renewAt: 10 } }));
    expect(tokens.knownTokens()).toEqual(["second", "first"]);
  });

  it("names a dropped token also when several calls waited for the new one", async () => {
    const tokens = createCredentialStore(() => 0);
    const fetchNamed = (value: string) => async () => ({ token: { value, expiresAt: 10, renewAt: 10 } });
    await tokens.token("me", fetchNamed("refused"));
    tokens.drop("me", "refused");

    await Promise.all([1, 2, 3, 4].map(() => tokens.token("me", fetchNamed("new"))));

    expect(new Set(tokens.knownTokens())).toEqual(new Set(["refused", "new"]));
  });
});
