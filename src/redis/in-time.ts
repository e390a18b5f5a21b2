/** Counted in turns of the event loop that take 12 ms or longer: our own lag is not held against Redis. */
const ticks = 4;
const tickMs = 12;

export class NoReplyInTime extends Error {
  constructor() {
    super("There was no reply within 50 ms");
    this.name = "NoReplyInTime";
  }
}

/**
 * Rejects when a reply takes longer than 50 ms.
 *
 * @throws NoReplyInTime
 */
export function inTime<T>(reply: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let passed = 0;
    const timer = setTimeout(() => {
      passed += 1;
      if (passed < ticks) timer.refresh();
      // A reply that has come while this turn was late is read before.
      else setImmediate(() => reject(new NoReplyInTime()));
    }, tickMs);
    reply.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
