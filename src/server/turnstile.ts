/** Lets operations begin one after the other. */
export interface Turnstile {
  /** Resolves when it is this caller's turn: at once when nobody has begun in this turn of the event loop. */
  pass(): Promise<void>;
}

/**
 * One operation begins per turn of the event loop, so that answers which have arrived are worked off before more work is
 * begun. Where the processor is the bottleneck that keeps few operations half done at a time, and what waits at the door
 * costs next to nothing; where it is idle, turns are so short that nobody waits.
 */
export function createTurnstile(): Turnstile {
  const waiting: (() => void)[] = [];
  let hasBegun = false;

  function nextTurn(): void {
    const enter = waiting.shift();
    hasBegun = enter !== undefined;
    if (!enter) return;
    setImmediate(nextTurn);
    enter();
  }

  return {
    pass() {
      if (hasBegun) return new Promise((enter) => waiting.push(enter));
      hasBegun = true;
      setImmediate(nextTurn);
      return Promise.resolve();
    },
  };
}
