/** A clock on which minutes pass in seconds. All who take part in a test have the same. */
export interface ScaledClock {
  /** When it began, and from then on how many times as fast as the real one it goes. */
  readonly originAt: number;
  readonly speed: number;
  /** Epoch milliseconds. */
  now(): number;
  /** Waits until it shows this time, or until the signal is aborted. */
  until(at: number, signal?: AbortSignal): Promise<void>;
  /** Waits for that much of its time. */
  pass(milliseconds: number): Promise<void>;
}

const realNow = Date.now.bind(Date);

export function createScaledClock(originAt: number, speed: number): ScaledClock {
  const now = (): number => originAt + (realNow() - originAt) * speed;

  async function until(at: number, signal?: AbortSignal): Promise<void> {
    const leftMs = (at - now()) / speed;
    if (leftMs <= 0 || signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, leftMs);
      signal?.addEventListener("abort", end, { once: true });
    });
  }

  return { originAt, speed, now, until, pass: (milliseconds) => until(now() + milliseconds) };
}
