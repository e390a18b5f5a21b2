import type { FeishuSwitches } from "./switches.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

export interface RateRefusal {
  readonly limit: number;
  /** Whole seconds until the window that is full ends. */
  readonly resetSeconds: number;
}

/** Either of the two fixed windows refuses, as the vendor's rule says. */
export interface RateLimit {
  /** Counts the call of this application; null when it is allowed. */
  take(appId: string, switches: FeishuSwitches): RateRefusal | null;
  clear(): void;
}

export function createRateLimit(now: () => number): RateLimit {
  const counts = new Map<string, { window: number; calls: number }>();

  const count = (appId: string, windowMs: number): number => {
    const key = `${appId}/${windowMs}`;
    const window = Math.floor(now() / windowMs);
    const held = counts.get(key);
    const calls = held?.window === window ? held.calls + 1 : 1;
    counts.set(key, { window, calls });
    return calls;
  };
  const resetSeconds = (windowMs: number): number => Math.ceil((windowMs - (now() % windowMs)) / SECOND_MS);

  return {
    take(appId, { rateLimit, rateLimitPerSecond, rateLimitPerMinute }) {
      if (rateLimit === "off") return null;
      const inSecond = count(appId, SECOND_MS);
      const inMinute = count(appId, MINUTE_MS);
      if (inMinute > rateLimitPerMinute) return { limit: rateLimitPerMinute, resetSeconds: resetSeconds(MINUTE_MS) };
      if (inSecond > rateLimitPerSecond) return { limit: rateLimitPerSecond, resetSeconds: resetSeconds(SECOND_MS) };
      return null;
    },
    clear: () => counts.clear(),
  };
}
