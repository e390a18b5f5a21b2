import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { inTime, NoReplyInTime } from "./in-time.ts";
import { type Link, openLink } from "./link.ts";
import { createScript, runScript, type Script, type ScriptKeys } from "./script.ts";

/** What replicas have in common, as far as it can be reached right now. */
export interface Store {
  /** While it is not, runs reject at once. */
  isAvailable(): boolean;
  /**
   * Has Redis run a script. All keys have one hash tag. What goes wrong, of whatever kind, or takes longer than 50 ms,
   * makes the store unavailable for a while.
   *
   * @returns what the script does, with Buffers for texts
   * @throws StoreAway
   */
  run(script: Script, keys: ScriptKeys, args: readonly (string | Buffer)[]): Promise<unknown>;
  /** Tells each time that it becomes unavailable, and when it is closed. */
  onAway(listener: () => void): void;
  /** Takes no time, whatever Redis does. */
  close(): Promise<void>;
}

/** There is no reply and none will be waited for. */
export class StoreAway extends Error {
  constructor() {
    super("The shared store is away");
    this.name = "StoreAway";
  }
}

export interface StoreOptions {
  /** `redis:` or `rediss:`; of a single server, or of any node of a Cluster. */
  readonly url: string;
  /** First part of all keys. */
  readonly prefix: string;
  readonly metrics: Pick<Metrics, "watchSharedStore" | "sharedStoreFailure">;
  readonly log: Pick<Logger, "info" | "warn">;
  random(): number;
}

const openWithinMs = 1_000;
const shortestPauseMs = 200;

/** A link that is lost so soon was good for little. */
const goodLinkMs = 5_000;
const longestPauseMs = 3_200;

/** To write is what a server refuses that is full or that only follows another. */
const probe = createScript('return redis.call("SET", KEYS[1], "", "PX", 1000)');

/** Never waits and never fails: what it connects to may come later. */
export function createStore({ url, prefix, metrics, log, random }: StoreOptions): Store {
  const underWay = new Set<(error: StoreAway) => void>();
  const listeners: (() => void)[] = [];
  const knownNodes = new Set<string>();
  let link: Link | null = null;
  let linkedSince = 0;
  let isClosed = false;
  let opening = new AbortController();
  let reopening: NodeJS.Timeout | undefined;
  let pauseMs = shortestPauseMs;
  /** Null as long as it was never reached: the first attempt is made while the process is busy starting. */
  let wasUp: boolean | null = null;
  let attempts = 0;
  /** Where a refusal came from it is asked whether it still holds. */
  let probedTag = "any";

  metrics.watchSharedStore(() => link !== null);

  async function open(): Promise<void> {
    opening = new AbortController();
    attempts += 1;
    const { signal } = opening;
    const limit = setTimeout(() => opening.abort(), openWithinMs).unref();
    let opened: Link | undefined;
    try {
      opened = await openLink({ url, knownNodes, signal, onLost: (error) => link === opened && leave(error) });
      const key = `${prefix}:probe:{${probedTag}}`;
      await inTime(Promise.all([opened.ping(), runScript(opened, probe, [key], [])]));
      signal.throwIfAborted();
      use(opened);
    } catch (error) {
      opened?.close();
      noteAway(error);
      openLater();
    } finally {
      clearTimeout(limit);
    }
  }

  function openLater(): void {
    if (isClosed) return;
    reopening = setTimeout(() => void open(), pauseMs * (1 + random())).unref();
  }

  function use(opened: Link): void {
    link = opened;
    linkedSince = performance.now();
    wasUp = true;
    log.info("The shared store is in use");
  }

  function noteAway(error: unknown): void {
    if (isClosed || wasUp === false || (wasUp === null && attempts === 1)) return;
    wasUp = false;
    metrics.sharedStoreFailure();
    log.warn({ reason: reasonOf(error) }, "The shared store is away: this replica goes on by itself");
  }

  function leave(error: unknown): void {
    const left = link;
    if (!left) return;
    link = null;
    const wasGood = performance.now() - linkedSince >= goodLinkMs;
    pauseMs = wasGood ? shortestPauseMs : Math.min(pauseMs * 2, longestPauseMs / 2);
    left.close();
    tellAway();
    noteAway(error);
    openLater();
  }

  function tellAway(): void {
    const ending = [...underWay];
    underWay.clear();
    for (const end of ending) end(new StoreAway());
    for (const listener of listeners) listener();
  }

  void open();
  return {
    isAvailable: () => link !== null,
    run(script, keys, args) {
      const used = link;
      if (!used) return Promise.reject(new StoreAway());
      return new Promise((resolve, reject) => {
        underWay.add(reject);
        inTime(runScript(used, script, keys, args)).then(
          (reply) => {
            underWay.delete(reject);
            resolve(reply);
          },
          (error: unknown) => {
            // Others may have found out before, and a new link may be in use.
            if (link === used) {
              probedTag = /\{([^}]+)\}/.exec(keys[0])?.[1] ?? probedTag;
              leave(error);
            }
            reject(new StoreAway());
          },
        );
      });
    },
    onAway: (listener) => void listeners.push(listener),
    async close() {
      isClosed = true;
      clearTimeout(reopening);
      opening.abort();
      link?.close();
      link = null;
      tellAway();
    },
  };
}

/** The server's word for it or the system's. The rest of a message may tell keys and addresses. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "LOST";
  if ("code" in error && typeof error.code === "string") return error.code;
  return /^[A-Z]{2,20}(?= )/.exec(error.message)?.[0] ?? (error instanceof NoReplyInTime ? "TIMEOUT" : "LOST");
}
