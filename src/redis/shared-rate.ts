import { randomUUID } from "node:crypto";
import { type RateLimit, rateWindowsOf } from "../http/rate-windows.ts";
import type { SharedRate, SharedTurn } from "../http/shared-rate.ts";
import { createScript, type Script } from "./script.ts";
import type { Store } from "./store.ts";

export interface SharedRateOptions {
  readonly store: Pick<Store, "isAvailable" | "run">;
  /** Of the account's sends: a sorted set of turns by the time of sending. */
  readonly key: string;
  readonly limit: RateLimit;
  /** A turn that is neither sent nor given back by then belonged to a replica that died, and counts as sent. */
  readonly longestUnsentMs?: number;
}

/** Part of the key: what is counted is read by other versions of this service. */
const version = 1;

/** @param account names whose sends are counted together. Without braces */
export const rateKey = (prefix: string, account: string): string => `${prefix}:${version}:{${account}}:sends`;

/** Longer than an operation lasts, and with it whoever holds a turn. */
const usualLongestUnsentMs = 10_000;

/** A configured limit may be of any size, but numbers that Redis cannot read would make the store unavailable. */
const most = { calls: 1e9, periodMs: 1e12 };

/**
 * An unsent turn has the time when it will count as sent, which is to come: it stays in every window until then. In each
 * window the turn that is as many back as the limit allows has to leave before the next one may enter: exact, wherever a
 * period begins. The server's clock, because those of replicas differ. Arguments: the turn, the longest time unsent, the
 * longest period, then calls and period of each window.
 */
const take = createScript(`
local sends, turn = KEYS[1], ARGV[1]
local unsentMs, longestMs = tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function againInMs()
  local longest = 0
  for i = 4, #ARGV, 2 do
    local place = '-' .. ARGV[i]
    local sentAt = tonumber(redis.call('ZRANGE', sends, place, place, 'WITHSCORES')[2])
    if sentAt and sentAt > now then
      -- Not sent yet, and perhaps to be given back: worth another look soon.
      longest = math.max(longest, 1000)
    elseif sentAt then
      longest = math.max(longest, sentAt + ARGV[i + 1] - now)
    end
  end
  return math.ceil(longest)
end

redis.call('ZREMRANGEBYSCORE', sends, '-inf', now - longestMs)
-- The clock was set back: what was sent then is unknown now, and must not block the account until that time comes.
redis.call('ZREMRANGEBYSCORE', sends, '(' .. string.format('%d', now + unsentMs), '+inf')
local wait = againInMs()
if wait > 0 then return { 0, wait } end
redis.call('ZADD', sends, now + unsentMs, turn)
redis.call('PEXPIRE', sends, unsentMs + longestMs)
return { 1, againInMs() }
`);

const markSent = createScript(`
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2] + ARGV[3])
`);

const giveBack = createScript("redis.call('ZREM', KEYS[1], unpack(ARGV))");

/** A sliding window over the sends of all replicas, kept in Redis. */
export function createSharedRate(options: SharedRateOptions): SharedRate {
  const { store, key, limit, longestUnsentMs = usualLongestUnsentMs } = options;
  const windows = rateWindowsOf(limit).map(({ calls, periodMs }) => ({
    calls: Math.min(calls, most.calls),
    periodMs: Math.ceil(Math.min(periodMs, most.periodMs)),
  }));
  const longestPeriodMs = Math.max(0, ...windows.map(({ periodMs }) => periodMs));
  const spans = [longestUnsentMs, longestPeriodMs].map(String);
  const windowArguments = windows.flatMap(({ calls, periodMs }) => [String(calls), String(periodMs)]);
  /** By then every turn has left. What says otherwise would keep the account closed, and is not the script. */
  const atMost = (againInMs: number): number => Math.min(againInMs, longestUnsentMs + longestPeriodMs);
  const replica = randomUUID();
  /** Redis may hold them unsent, or may not: it went away while it was told of them. */
  const doubtful = new Set<string>();
  let taken = 0;

  async function tell(script: Script, turns: readonly string[], args: readonly string[] = []): Promise<unknown> {
    try {
      return await store.run(script, [key], [...turns, ...args]);
    } catch {
      for (const turn of turns) doubtful.add(turn);
      return null;
    }
  }

  /** Nobody uses them any more; they would hold others back until they count as sent and have left the window. */
  async function giveDoubtfulBack(): Promise<void> {
    const turns = [...doubtful];
    doubtful.clear();
    await tell(giveBack, turns);
  }

  function createTurn(turn: string, againInMs: number): SharedTurn {
    let isOpen = true;
    const close = (script: Script, args?: readonly string[]): void => {
      if (isOpen) void tell(script, [turn], args);
      isOpen = false;
    };
    return {
      kind: "turn",
      againInMs,
      sent: () => close(markSent, spans),
      giveBack: () => close(giveBack),
    };
  }

  return {
    async take() {
      if (!store.isAvailable()) return freeTurn;
      if (doubtful.size > 0) await giveDoubtfulBack();
      taken += 1;
      const turn = `${replica} ${taken}`;
      const reply = readReply(await tell(take, [turn], [...spans, ...windowArguments]));
      if (!reply) return freeTurn;
      if (reply.isTaken) return createTurn(turn, atMost(reply.againInMs));
      return { kind: "wait", againInMs: Math.max(1, atMost(reply.againInMs)) };
    },
  };
}

/** What a replica's own gate lets through while nobody counts. */
const freeTurn: SharedTurn = { kind: "turn", againInMs: 0, sent: () => undefined, giveBack: () => undefined };

function readReply(reply: unknown): { readonly isTaken: boolean; readonly againInMs: number } | null {
  if (!Array.isArray(reply)) return null;
  const [isTaken, againInMs] = reply;
  return typeof againInMs === "number" ? { isTaken: isTaken === 1, againInMs } : null;
}
