/** Whether a key is seen to work, and who may sign with it as long as that is open. */
export interface Proving {
  /**
   * Waits until one more signature may be under way. A wrong key or clock then costs a few refused signatures instead of
   * as many as there are calls to make, and an upstream that is silent about one call does not keep the others waiting.
   * Whoever leaves waits no longer, and must not sign any more.
   *
   * @returns to be called when what came of the signature is told
   */
  begin(signal: AbortSignal): Promise<() => void>;
  accepted(): void;
  refused(): void;
}

type Standing = "unknown" | "accepted" | "refused";

/** More than five refused signatures in a row lock a key: four at once, and after a refusal one by one. */
const mostUnderWay: Readonly<Record<Standing, number>> = {
  unknown: 4,
  accepted: Number.POSITIVE_INFINITY,
  refused: 1,
};

export function createProving(): Proving {
  let standing: Standing = "unknown";
  let underWay = 0;
  /** In the order of their arrival. */
  const waiting = new Set<() => void>();

  function letIn(): void {
    for (const enter of waiting) {
      if (underWay >= mostUnderWay[standing]) return;
      waiting.delete(enter);
      underWay += 1;
      enter();
    }
  }

  function createEnd(): () => void {
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      underWay -= 1;
      letIn();
    };
  }

  return {
    async begin(signal) {
      if (signal.aborted) return () => undefined;
      const { promise: turn, resolve } = Promise.withResolvers<boolean>();
      const enter = (): void => resolve(true);
      const leave = (): void => resolve(!waiting.delete(enter));
      signal.addEventListener("abort", leave, { once: true });
      waiting.add(enter);
      letIn();
      const hasEntered = await turn;
      signal.removeEventListener("abort", leave);
      return hasEntered ? createEnd() : () => undefined;
    },
    accepted() {
      standing = "accepted";
      letIn();
    },
    refused() {
      standing = "refused";
    },
  };
}
