/** A hint beyond this is not believed (an upstream's clock or unit is wrong). */
const longestHintMs = 3_600_000;

/**
 * Reads `Retry-After` (RFC 9110, 10.2.3: seconds or an HTTP date) or a header of the same form.
 *
 * @returns milliseconds from now; undefined when absent, unreadable, or over an hour
 */
export function parseRetryAfter(value: string | undefined, nowAt: number): number | undefined {
  const waitMs = readWaitMs(value?.trim() ?? "", nowAt);
  if (!Number.isFinite(waitMs) || waitMs > longestHintMs) return undefined;
  return Math.max(0, Math.ceil(waitMs));
}

/** Forms are told apart first: `Date.parse` finds a date in nearly any text with a digit. */
function readWaitMs(text: string, nowAt: number): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  return /^[A-Z][a-z]+, .+ GMT$/.test(text) ? Date.parse(text) - nowAt : Number.NaN;
}
