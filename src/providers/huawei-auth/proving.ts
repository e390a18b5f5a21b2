/** Whether a key is seen to work, and who may sign with it as long as that is open. */
export interface Proving {
  /**
   * Waits until one more signature may be under way, over all accounts of the key and for this one. A wrong key or clock then costs a few refused signatures instead of
   * as many as there are calls to make, and an upstream that is silent does not keep the others waiting.
   * Whoever leaves waits no longer, and must not sign any more.
   *
   * @param account whose call it is: its base URL
   * @returns to be called when what came of the signature is told
   */
  begin(signal: AbortSignal, account: string): Promise<() => void>;
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

/** As long as nothing is known of the key, so that one silent upstream does not take all turns. */
const mostOfOneAccount = 2;

export function createProving(): Proving {
  let standing: Standing = "unknown";
  /** The accounts of the signatures under way. */
  const underWay: string[] = [];
  /** In the order of their arrival, with their accounts. */
  const waiting = new Map<() => void, string>();

  function hasTurn(account: string): boolean {
    if (standing !== "unknown") return true;
    return underWay.filter((other) => other === account).length < mostOfOneAccount;
  }

  function letIn(): void {
    for (const [enter, account] of waiting) {
      if (underWay.length >= mostUnderWay[standing]) return;
      if (!hasTurn(account)) continue;
      waiting.delete(enter);
      underWay.push(account);
      enter();
    }
  }

  function createEnd(account: string): () => void {
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      underWay.splice(underWay.indexOf(account), 1);
      letIn();
    };
  }

  return {
    async begin(signal, account) {
      if (signal.aborted) return () => undefined;
      const { promise: turn, resolve } = Promise.withResolvers<boolean>();
      const enter = (): void => resolve(true);
      const leave = (): void => resolve(!waiting.delete(enter));
      signal.addEventListener("abort", leave, { once: true });
      waiting.set(enter, account);
      letIn();
      const hasEntered = await turn;
      signal.removeEventListener("abort", leave);
      return hasEntered ? createEnd(account) : () => undefined;
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
