import type { AdmissionOptions } from "./admission.ts";
import { type Admission, createAdmission } from "./admission.ts";
import { openGate } from "./attempt-gate.ts";
import { createConnections } from "./connections.ts";
import type { Send } from "./send.ts";
import { createSender, type SenderOptions } from "./sender.ts";

/** One account's way out. */
export interface Outbound {
  readonly send: Send;
  /**
   * For token endpoints: attempts, back-off and time-outs like `send`, but neither breaker nor rate limit nor retry budget
   * of the account. The credential store holds a failing endpoint back.
   */
  readonly sendForCredentials: Send;
  /** Calls that use `send` take a place here first. */
  readonly admission: Admission;
  /** Ends what is under way. */
  close(): Promise<void>;
}

export type OutboundOptions = AdmissionOptions & Omit<SenderOptions, "dispatcher" | "gate">;

/** What operators are told by an account's way out. */
export type OutboundMetrics = OutboundOptions["metrics"];

/** Opens no socket until it is used. */
export function createOutbound(options: OutboundOptions): Outbound {
  const dispatcher = createConnections(options.maxConcurrency);
  const { gate, ...admission } = createAdmission(options);
  return {
    send: createSender({ ...options, dispatcher, gate }),
    sendForCredentials: createSender({ ...options, dispatcher, gate: openGate }),
    admission,
    close: () => dispatcher.destroy(),
  };
}
