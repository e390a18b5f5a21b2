import { randomUUID } from "node:crypto";
import type { Token } from "../http/credential-store.ts";
import type { SharedTokens } from "../http/shared-tokens.ts";
import { createScript } from "./script.ts";
import { createSealing, type Sealing } from "./sealing.ts";
import type { Store } from "./store.ts";
import { readToken, writeToken } from "./token-text.ts";

export interface SharedTokensOptions {
  readonly store: Pick<Store, "isAvailable" | "run">;
  /** First part of all keys. */
  readonly prefix: string;
  now(): number;
}

/** Part of the keys: what is kept is read by other versions of this service. */
const version = 1;

/** So long one replica has the fetching for itself. One that died is missed no longer. */
const claimMs = 5_000;
/** After that a replica fetches for itself, whatever it waited for. */
const longestWaitMs = 3_000;
/** Once, when nothing has been asked yet: what a store that is away may cost. */
const longestFirstWaitMs = 50;
const lookAgainMs = 10;
const firstPauseMs = 25;
const longestPauseMs = 100;
/** Upstreams may name any end. */
const longestKeptMs = 7 * 24 * 3_600_000;

/**
 * Answers the sealed token, unless it is the one that the caller has seen and that does not suit. Else has the caller fetch
 * (1), or wait (0). Arguments: what was seen, the caller, how long its claim lasts.
 */
const takeOrClaim = createScript(`
local token = redis.call('GET', KEYS[1])
if token and token ~= ARGV[1] then return token end
local isOurs = redis.call('GET', KEYS[2]) == ARGV[2]
if isOurs or redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then return 1 end
return 0
`);

/** Arguments: the caller, and for a token: sealed, how long it is kept. A claim is removed by its owner only. */
const publishOrRelease = createScript(`
if ARGV[2] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
`);

/** One identity's place in Redis, and the means to read what is there. */
interface Vault {
  readonly sealing: Sealing;
  /** Of the token, and of the claim to fetch it. */
  readonly keys: readonly [string, string];
}

/**
 * Tokens in Redis, sealed. An identity is a fast hash over a secret that may be weak, so neither it nor anything quickly
 * computed from it stands there: both the key's name and the seal come of it by scrypt.
 */
export function createSharedTokens({ store, prefix, now }: SharedTokensOptions): SharedTokens {
  const replica = randomUUID();
  const vaults = new Map<string, Promise<Vault>>();
  let isFirst = true;

  async function untilAvailable(): Promise<void> {
    for (let left = longestFirstWaitMs; left > 0 && !store.isAvailable(); left -= lookAgainMs) await wait(lookAgainMs);
  }

  function vaultOf(identity: string): Promise<Vault> {
    const known = vaults.get(identity);
    if (known) return known;
    const opening = openVault(identity);
    vaults.set(identity, opening);
    opening.catch(() => vaults.delete(identity));
    return opening;
  }

  async function openVault(identity: string): Promise<Vault> {
    const sealing = await createSealing([identity], "token");
    const place = `${prefix}:${version}:{${sealing.tag}}`;
    return { sealing, keys: [`${place}:token`, `${place}:token-claim`] };
  }

  async function takeFrom(
    { sealing, keys }: Vault,
    suits: (token: Token) => boolean,
    endAt: number,
  ): Promise<Token | null> {
    let pauseMs = firstPauseMs;
    let seen: Buffer = Buffer.alloc(0);
    while (performance.now() < endAt) {
      const reply = await store.run(takeOrClaim, keys, [seen, replica, String(claimMs)]);
      if (Buffer.isBuffer(reply)) {
        const token = readToken(sealing.open(reply, keys[0]));
        if (token && suits(token)) return token;
        seen = reply;
      } else if (reply === 0) {
        await wait(pauseMs);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      } else return null;
    }
    return null;
  }

  async function end(identity: string, token?: Token): Promise<void> {
    const { sealing, keys } = await vaultOf(identity);
    const keptMs = Math.min(token ? Math.floor(token.expiresAt - now()) : 0, longestKeptMs);
    const kept = token && keptMs > 0 ? [sealing.seal(writeToken(token), keys[0]), String(keptMs)] : [];
    await store.run(publishOrRelease, keys, [replica, ...kept]);
  }

  return {
    async take(identity, suits) {
      const endAt = performance.now() + longestWaitMs;
      const opening = vaultOf(identity);
      // A store that is still being connected when the first token is wanted would leave each replica to fetch its own.
      if (isFirst) await untilAvailable();
      isFirst = false;
      if (!store.isAvailable()) return null;
      const vault = await untilWaitedFor(opening);
      if (!vault) return null;
      return takeFrom(vault, suits, endAt).catch(() => null);
    },
    publish: (identity, token) => void end(identity, token).catch(() => undefined),
    release: (identity) => void end(identity).catch(() => undefined),
  };
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Null when it takes too long, or cannot be had. */
function untilWaitedFor(vault: Promise<Vault>): Promise<Vault | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), longestWaitMs);
    vault.then(resolve, () => resolve(null)).finally(() => clearTimeout(timer));
  });
}
