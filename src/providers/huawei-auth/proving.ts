/** Whether credentials were seen to work, and the queue of those who would like to know. */
export interface Proving {
  /**
   * Makes calls one after another until one succeeds, and from then on at once. A wrong key or clock then costs one
   * refused signature instead of as many as there are calls to make. A call that nobody waits for any more is made at
   * once: it sends nothing.
   */
  inTurn<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T>;
  succeeded(): void;
  failed(): void;
}

export function createProving(): Proving {
  let isProven = false;
  let underWay: Promise<unknown> | null = null;

  return {
    async inTurn(signal, call) {
      while (!isProven && underWay && !signal.aborted) await endOrAbort(underWay, signal);
      if (isProven || signal.aborted) return call();
      const made = call();
      underWay = made.finally(() => {
        underWay = null;
      });
      return made;
    },
    succeeded() {
      isProven = true;
    },
    failed() {
      isProven = false;
    },
  };
}

function endOrAbort(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const leave = (): void => {
      signal.removeEventListener("abort", leave);
      resolve();
    };
    signal.addEventListener("abort", leave);
    work.then(leave, leave);
  });
}
