/** Gathers what comes in one turn of the event loop and sends it together, in parts that are not too large. */
export interface Lane<T> {
  add(item: T): void;
  /** Forgets what has not been sent. */
  clear(): void;
}

/**
 * Redis runs one script at a time, for all replicas and accounts: this many tasks take it less than a millisecond, so that
 * nobody's 50 ms go by in the queue.
 */
const mostPerPart = 100;

/** The next ones are on their way while one is read. */
const mostUnderWay = 4;

/** @param onFailure a part could not be sent */
export function createLane<T>(send: (items: readonly T[]) => Promise<void>, onFailure: () => void): Lane<T> {
  let parts: T[][] = [];
  let underWay = 0;
  let isGathering = false;

  function depart(): void {
    while (underWay < mostUnderWay && !isGathering) {
      const part = parts.shift();
      if (!part) return;
      underWay += 1;
      send(part)
        .catch(onFailure)
        .finally(() => {
          underWay -= 1;
          depart();
        });
    }
  }

  return {
    add(item) {
      const last = parts.at(-1);
      if (last && last.length < mostPerPart) last.push(item);
      else parts.push([item]);
      if (isGathering) return;
      isGathering = true;
      setImmediate(() => {
        isGathering = false;
        depart();
      });
    },
    clear() {
      parts = [];
    },
  };
}
