import type { OutboundRequest, ReceivedResponse } from "../../http/exchange.ts";
import type { CallLimits, FailedCall } from "../provider.ts";
import type { CredentialTrouble } from "./errors.ts";

/** One way of proving who an account is. */
export interface HuaweiCredentials {
  /** What the attempts of one call are authorised with. Waits for a token when there is none; rejects never. */
  obtain(limits: CallLimits): Promise<CallCredential | FailedCall>;
}

export interface CallCredential {
  /**
   * Once per attempt. As long as nobody knows whether the credentials are good it waits until few others are under way,
   * or until the signal ends the wait. Answers with the failure when the credentials were refused in the meantime.
   */
  authorize(request: OutboundRequest, signal: AbortSignal): Promise<OutboundRequest | FailedCall>;
  /** What came of the attempt is told: after `accepted` or `refused`, or without either. */
  ended(): void;
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
