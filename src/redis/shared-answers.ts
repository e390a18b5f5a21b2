import { randomBytes } from "node:crypto";
import { bulkhead } from "cockatiel";
import type { Consultation, SharedAnswers } from "../cache/shared-answers.ts";
import type { EpochMs, TaskReference } from "../tasks/task.ts";
import type { Logger } from "../telemetry/log.ts";
import { createInquiry } from "./inquiry.ts";
import { createSealing } from "./sealing.ts";
import { createSharedAccount, type SharedAccount } from "./shared-account.ts";
import type { Store } from "./store.ts";

/** Who may read what an upstream tells. */
export interface SharingAccount {
  /** What shows the upstream who asks. Without any nothing is shared: everybody could read it. */
  readonly secrets: readonly string[];
  /** Whatever makes it another account for the same secrets: address, project. */
  readonly identity: readonly string[];
}

export interface SharedAnswersOptions {
  /** By name. */
  readonly accounts: ReadonlyMap<string, SharingAccount>;
  /** First part of all keys. Without braces. */
  readonly prefix: string;
  readonly store: Store;
  readonly log: Pick<Logger, "warn">;
  now(): EpochMs;
  /** A task that another replica asks alone until then. */
  suspectFound(reference: TaskReference, untilAt: EpochMs): void;
  /** Each sequence that is read: calls from now on need higher ones. */
  witness(sequence: number): void;
}

/** Ids that made whole calls fail, for the other replicas. */
export interface SharedSuspects {
  /** @param untilAt null: it may share calls again */
  note(account: string, scope: string, localId: string, untilAt: EpochMs | null): void;
}

/** What replicas tell each other of tasks, in Redis. */
export interface RedisAnswers extends SharedAnswers {
  readonly suspects: SharedSuspects;
  /** The keys of all accounts are derived. Nobody has to wait for it: until then their accounts share nothing. */
  readonly ready: Promise<void>;
}

/**
 * Of all accounts, and not counting those for rates and tokens, which are small: what stands before a script on the line is
 * part of its 50 ms.
 */
const mostScriptsUnderWay = 8;

export function createSharedAnswers(options: SharedAnswersOptions): RedisAnswers {
  const { accounts, store, log, now } = options;
  const replica = randomBytes(9).toString("base64url");
  /** Those whose key is derived. The others are as if the store were away. */
  const shared = new Map<string, SharedAccount>();
  const scripts = bulkhead(mostScriptsUnderWay, Number.POSITIVE_INFINITY);
  const inTurn: Pick<Store, "run"> = { run: (...script) => scripts.execute(() => store.run(...script)) };

  async function share(name: string, { secrets, identity }: SharingAccount): Promise<void> {
    const material = secrets.filter((secret) => secret !== "");
    if (material.length === 0) return;
    const sealing = await createSealing(material, JSON.stringify(["answers", ...identity]));
    shared.set(name, createSharedAccount({ ...options, store: inTurn, sealing, replica }));
  }

  const sharing = [...accounts].map(([name, account]) =>
    share(name, account).catch((error: unknown) => {
      log.warn({ account: name, err: error }, "The account shares nothing: no key could be derived");
    }),
  );
  store.onAway(() => {
    for (const account of shared.values()) account.letGo();
  });

  const reach = (account: string): SharedAccount | undefined => (store.isAvailable() ? shared.get(account) : undefined);

  return {
    ready: Promise.all(sharing).then(() => {}),
    isAvailable: () => store.isAvailable(),
    consult(keys, limits) {
      if (keys.length === 0 || !store.isAvailable()) {
        return Promise.resolve({ told: keys.map(() => null), awaited: null });
      }
      return new Promise<Consultation>((resolve) => {
        const inquiry = createInquiry(keys.length, limits, now(), resolve);
        keys.forEach((key, index) => {
          const account = shared.get(key.reference.account);
          if (account) account.consult(key, inquiry, index);
          else inquiry.settle(index, null);
        });
      });
    },
    publish(reference, answer, times) {
      reach(reference.account)?.publish(reference, answer, times);
    },
    release(keys) {
      for (const key of keys) reach(key.reference.account)?.release(key);
    },
    suspects: {
      note(account, scope, localId, untilAt) {
        reach(account)?.noteSuspect(scope, localId, untilAt);
      },
    },
  };
}
