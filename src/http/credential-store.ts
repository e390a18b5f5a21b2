import type { SharedTokens } from "./shared-tokens.ts";

/** A token and how long it may be used. */
export interface Token {
  readonly value: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** From this moment a new one is fetched in the background, while this one goes on serving. */
  readonly renewAt: number;
}

/** Why there is no token. `Refusal` is the caller's own kind of failure. */
export type TokenFetch<Refusal> = { readonly token: Token } | { readonly refusal: Refusal; readonly holdMs: number };

/**
 * Tokens of the whole process, by identity (endpoint, user, project), so that accounts of one identity share them and
 * no token endpoint is asked twice for the same thing at the same time.
 */
export interface CredentialStore {
  /**
   * The running token; fetched once for all waiters when there is none. While a refused fetch is held back (`holdMs`),
   * the same refusal is answered without asking again. `fetch` outlives the waiter that started it.
   */
  token<Refusal>(identity: string, fetch: () => Promise<TokenFetch<Refusal>>): Promise<Token | { refusal: Refusal }>;
  /** An upstream refused this token: forgets it if it is still the running one. */
  drop(identity: string, tokenValue: string): void;
  /** An upstream refused this identity: the refusal answers `refusalOf` for that long, so that nobody asks with it. */
  hold(identity: string, refusal: unknown, holdMs: number): void;
  /**
   * All tokens that may still be valid, replaced ones too, so that nobody shows them. The same list as long as no token
   * comes or goes.
   */
  knownTokens(): readonly string[];
  /** The refusal that this identity is held back with; undefined when it may be used. */
  refusalOf(identity: string): unknown;
}

type Entry = {
  token?: Token;
  /** Replaced or dropped, newest first. Calls under way may still carry them. */
  former: Token[];
  fetching?: Promise<TokenFetch<unknown>>;
  held?: { readonly refusal: unknown; readonly since: number; readonly until: number };
};

/** More are not kept: by then the oldest has long been out of use. */
const maxFormerTokens = 3;

/** @param shared where there is none, each replica fetches for itself */
export function createCredentialStore(now: () => number, shared?: SharedTokens): CredentialStore {
  const entries = new Map<string, Entry>();
  /** Forgotten when a token comes or goes. */
  let known: readonly string[] | undefined;

  function entryOf(identity: string): Entry {
    const entry = entries.get(identity) ?? { former: [] };
    entries.set(identity, entry);
    return entry;
  }

  function holdBack(entry: Entry, refusal: unknown, holdMs: number): void {
    const since = now();
    entry.held = { refusal, since, until: since + holdMs };
  }

  /** A clock that was set back says nothing about how long it is held. */
  function heldRefusal({ held }: Entry): unknown {
    return held && held.since <= now() && held.until > now() ? held.refusal : undefined;
  }

  function retire(entry: Entry): void {
    if (!entry.token) return;
    entry.former = [entry.token, ...entry.former].slice(0, maxFormerTokens);
    delete entry.token;
    known = undefined;
  }

  async function fetchOnce(identity: string, fetch: () => Promise<TokenFetch<unknown>>): Promise<TokenFetch<unknown>> {
    const entry = entryOf(identity);
    const held = heldRefusal(entry);
    if (held !== undefined) return { refusal: held, holdMs: 0 };
    entry.fetching ??= (shared ? adoptOrFetch(shared, identity, fetch) : fetch())
      .then((fetched) => take(entry, fetched))
      .finally(() => {
        delete entry.fetching;
      });
    return entry.fetching;
  }

  async function adoptOrFetch(
    shared: SharedTokens,
    identity: string,
    fetch: () => Promise<TokenFetch<unknown>>,
  ): Promise<TokenFetch<unknown>> {
    const adopted = await shared.take(identity, (token) => mayAdopt(entryOf(identity), token));
    if (adopted) return { token: adopted };
    let fetched: TokenFetch<unknown> | undefined;
    try {
      fetched = await fetch();
      return fetched;
    } finally {
      if (fetched && "token" in fetched) shared.publish(identity, fetched.token);
      else shared.release(identity);
    }
  }

  /** Not one that has to be renewed already, nor one that was refused here or replaced. */
  function mayAdopt({ former }: Entry, token: Token): boolean {
    return Math.min(token.expiresAt, token.renewAt) > now() && former.every(({ value }) => value !== token.value);
  }

  /** Once for each fetch, however many wait for it. */
  function take(entry: Entry, fetched: TokenFetch<unknown>): TokenFetch<unknown> {
    if ("token" in fetched) {
      retire(entry);
      entry.token = fetched.token;
      known = undefined;
      delete entry.held;
    } else if (fetched.holdMs > 0) {
      holdBack(entry, fetched.refusal, fetched.holdMs);
    }
    return fetched;
  }

  return {
    async token<Refusal>(identity: string, fetch: () => Promise<TokenFetch<Refusal>>) {
      const entry = entryOf(identity);
      const running = entry.token;
      if (running && running.expiresAt > now()) {
        // Nobody waits for this one: whoever comes after the running token's end meets its failure again.
        if (running.renewAt <= now() && !entry.fetching) fetchOnce(identity, fetch).catch(() => undefined);
        return running;
      }
      const fetched = (await fetchOnce(identity, fetch)) as TokenFetch<Refusal>;
      return "token" in fetched ? fetched.token : { refusal: fetched.refusal };
    },
    drop(identity, tokenValue) {
      const entry = entries.get(identity);
      if (entry?.token?.value === tokenValue) retire(entry);
    },
    hold(identity, refusal, holdMs) {
      holdBack(entryOf(identity), refusal, holdMs);
    },
    knownTokens() {
      known ??= [...entries.values()]
        .flatMap(({ token, former }) => (token ? [token, ...former] : former))
        .map(({ value }) => value);
      return known;
    },
    refusalOf(identity) {
      return heldRefusal(entryOf(identity));
    },
  };
}
