/** A hint beyond this is not believed (an upstream's clock or unit is wrong). */
const longestHintMs = 3_600_000;

/**
 * Reads `Retry-After` (RFC 9110, 10.2.3: seconds or an HTTP date) or a header of the same form.
 *
 * @returns milliseconds from now; undefined when absent, unreadable, or over an hour
 */
export function parseRetryAfter(value: string | undefined, nowAt: number): number | undefined {
  if (value === undefined || value.trim() === "") return undefined;
  const seconds = Number(value);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - nowAt;
  if (!Number.isFinite(waitMs) || waitMs > longestHintMs) return undefined;
  return Math.max(0, Math.ceil(waitMs));
}
