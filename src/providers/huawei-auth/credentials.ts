import type { OutboundRequest, ReceivedResponse } from "../../http/exchange.ts";
import type { CallLimits, FailedCall } from "../provider.ts";
import type { CredentialTrouble } from "./errors.ts";

/** One way of proving who an account is. */
export interface HuaweiCredentials {
  /** What the attempts of one call are authorised with. Waits for a token when there is none; rejects never. */
  obtain(limits: CallLimits): Promise<CallCredential | FailedCall>;
  /** Makes a call when it may be made: as long as nobody knows whether the credentials are good, one after another. */
  inTurn<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T>;
}

export interface CallCredential {
  /** Once per attempt. Answers with the failure when the credentials were refused in the meantime. */
  authorize(request: OutboundRequest): OutboundRequest | FailedCall;
  /** The upstream let them pass. */
  accepted(): void;
  /**
   * The upstream refused them.
   *
   * @returns true when others, or a corrected clock, are to be had, so that one more try makes sense
   */
  refused(refused: RefusedCredential): boolean;
}

export interface RefusedCredential {
  readonly trouble: CredentialTrouble;
  readonly response: ReceivedResponse;
  /** What the call comes to if there is no other try. */
  readonly failure: FailedCall;
  /** True when this was the other try already. */
  readonly isRepeat: boolean;
}
