import { secretsIn } from "./config/collect-secrets.ts";
import type { Config, ConfiguredAccount } from "./config/load-config.ts";
import type { RateLimit } from "./http/rate-windows.ts";
import type { SharedRate } from "./http/shared-rate.ts";
import type { SharedTokens } from "./http/shared-tokens.ts";
import {
  createSharedAnswers,
  type RedisAnswers,
  type SharedAnswersOptions,
  type SharingAccount,
} from "./redis/shared-answers.ts";
import { createSharedRate, rateKey } from "./redis/shared-rate.ts";
import { createSharedTokens } from "./redis/shared-tokens.ts";
import { createStore, type StoreOptions } from "./redis/store.ts";
import { fingerprint } from "./signing/fingerprint.ts";

/** What this replica shares with others, where a Redis is configured. */
export interface Replicas {
  readonly tokens: SharedTokens;
  rateOf(account: ConfiguredAccount, limit: RateLimit): SharedRate;
  shareAnswers(told: Pick<SharedAnswersOptions, "suspectFound" | "witness">): RedisAnswers;
  close(): Promise<void>;
}

export interface ReplicasOptions extends Pick<StoreOptions, "metrics" | "log" | "random"> {
  readonly config: Pick<Config, "cache" | "accounts">;
  now(): number;
}

/** Null in a process of its own. Connects in the background, and goes on trying. */
export function joinReplicas({
  config: { cache, accounts },
  metrics,
  log,
  now,
  random,
}: ReplicasOptions): Replicas | null {
  if (!cache.redisUrl) return null;
  const prefix = cache.redisPrefix;
  const store = createStore({ url: cache.redisUrl.reveal(), prefix, metrics, log, random });
  return {
    tokens: createSharedTokens({ store, prefix, now }),
    rateOf: ({ name, provider, options: { baseUrl } }, limit) =>
      createSharedRate({ store, key: rateKey(prefix, `${name}:${fingerprint([provider.id, baseUrl])}`), limit }),
    shareAnswers: (told) =>
      createSharedAnswers({
        ...told,
        accounts: new Map(accounts.map((account) => [account.name, sharingAccountOf(account)])),
        prefix,
        store,
        log,
        now,
      }),
    close: () => store.close(),
  };
}

/** What makes no difference to what an upstream tells, and how it is read. */
const tuning = ["aliases", "maxIdsPerCall", "maxConcurrentCalls", "maxWaitingIds", "rateLimit", "timeoutMs"];

/** Replicas share answers where they ask the same, as the same, and read it in the same way. */
function sharingAccountOf({ provider, options }: ConfiguredAccount): SharingAccount {
  const telling = Object.entries(options).filter(([key]) => !tuning.includes(key));
  return {
    secrets: [...secretsIn(options)],
    // Secrets show nothing of themselves here.
    identity: [provider.id, JSON.stringify(Object.fromEntries(telling))],
  };
}
