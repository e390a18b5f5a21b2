import type { Again, AgainReason } from "./send.ts";

/** Attempts of one call, the first included. Every call of this service is a read. */
export const maxAttempts = 3;

/** How often a call is repeated for one reason. */
const maxRepeats: Readonly<Record<AgainReason, number>> = {
  transient: maxAttempts - 1,
  throttled: maxAttempts - 1,
  malformed: 1,
  credentials: 1,
};

/**
 * Milliseconds to wait before the next attempt; null when there should be none.
 *
 * Short troubles get full jitter, throttling gets equal jitter, so that callers spread without returning too soon
 * (aws.amazon.com/blogs/architecture, "Exponential Backoff And Jitter"). An upstream's own hint is the floor.
 *
 * @param repeats how often the call was repeated for this reason before
 */
export function backoffMs(again: Again, repeats: number, random: () => number): number | null {
  if (repeats >= maxRepeats[again.because]) return null;
  return Math.max(again.afterMs ?? 0, curves[again.because](repeats, random));
}

/**
 * Milliseconds that a throttled account is left alone by all its calls: what the upstream asked for, else the wait drawn
 * for the throttled call itself.
 *
 * @param nextInMs what `backoffMs` said of the same attempt
 */
export function pauseMs(again: Again, nextInMs: number | null, repeats: number, random: () => number): number {
  return again.afterMs ?? nextInMs ?? equalJitter(repeats, random);
}

type Curve = (repeats: number, random: () => number) => number;

const fullJitter: Curve = (repeats, random) => random() * Math.min(2_000, 50 * 2 ** repeats);

/** At least a second: who is asked too often gets nothing from being asked again sooner. */
const equalJitter: Curve = (repeats, random) => {
  const ceiling = Math.min(20_000, 2_000 * 2 ** repeats);
  return ceiling / 2 + (random() * ceiling) / 2;
};

const curves: Readonly<Record<AgainReason, Curve>> = {
  transient: fullJitter,
  throttled: equalJitter,
  malformed: fullJitter,
  credentials: () => 0,
};
