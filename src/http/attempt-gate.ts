import type { WithheldReason } from "./exchange.ts";
import type { AgainReason, CallLimits } from "./send.ts";

/** What every attempt passes before it is sent. */
export interface AttemptGate {
  /** Waits until an attempt may be sent, as long as that fits the deadline. */
  admit(limits: CallLimits): Promise<AttemptPass | Withheld>;
  /** Whether one more repeat may be made; takes it from what is left of them. */
  mayRepeat(because: AgainReason): boolean;
  /** A call succeeded at its first attempt. */
  succeededAtOnce(): void;
}

export interface AttemptPass {
  /** Right before sending. */
  sent(): void;
  /**
   * To be called once, also when nothing was sent.
   *
   * @param pauseMs of a throttled attempt: how long the account is left alone
   */
  end(outcome: AttemptOutcome, pauseMs?: number): void;
}

/** The attempt is not sent. */
export type Withheld =
  | { readonly reason: WithheldReason; readonly againAt: number }
  /** The signal was aborted in the meantime. */
  | { readonly reason: "aborted" };

/**
 * What an attempt says about the account:
 *
 * - `clean`: answered, be it with a refusal
 * - `unreachable`: not answered
 * - `timed-out`: not answered in a fair time
 * - `troubled`: answered that the upstream is out of order
 * - `throttled`: asked too often
 * - `neutral`: nothing
 */
export type AttemptOutcome = "clean" | "unreachable" | "timed-out" | "troubled" | "throttled" | "neutral";

/** For endpoints that are looked after elsewhere. */
export const openGate: AttemptGate = {
  admit: async () => openPass,
  mayRepeat: () => true,
  succeededAtOnce: () => undefined,
};

const openPass: AttemptPass = { sent: () => undefined, end: () => undefined };
