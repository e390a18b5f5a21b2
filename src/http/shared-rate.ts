/**
 * The sends of one account, counted over all replicas. While the count is away each replica keeps to the rate by itself.
 * Nothing here rejects or throws.
 */
export interface SharedRate {
  /** Takes the right to send once now. */
  take(): Promise<SharedTurn | SharedWait>;
}

/** Counts as a send until it is given back; from `sent` on by the time of sending. */
export interface SharedTurn {
  readonly kind: "turn";
  /** When the next turn will be free, as far as the count can tell; 0 when one is free now. */
  readonly againInMs: number;
  /** Right before sending. */
  sent(): void;
  /** Without effect after `sent`. */
  giveBack(): void;
}

/** The rate is used up. */
export interface SharedWait {
  readonly kind: "wait";
  /** At least 1. */
  readonly againInMs: number;
}
