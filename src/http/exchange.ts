/** One outbound request, ready to be sent: signed, serialised, nothing to be added. */
export interface OutboundRequest {
  readonly method: "GET" | "POST";
  /** Absolute. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What came of one attempt. */
export type Exchange = ReceivedResponse | FailedExchange;

/** A complete response; half a body is a failed exchange. */
export interface ReceivedResponse {
  readonly kind: "response";
  readonly status: number;
  /** Names in lower case; a repeated header's values are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, as it came: an upstream may have echoed secrets in it. */
  readonly text: string;
  /** When the last byte arrived, epoch milliseconds. */
  readonly receivedAt: number;
}

export interface FailedExchange {
  readonly kind: "failure";
  readonly reason: FailureReason;
  /** When to come back, epoch milliseconds: of attempts that we did not send because it was too early. */
  readonly againAt?: number;
}

/**
 * - `unreachable`: refused, reset, cut off, or not resolvable
 * - `timeout`: no complete answer within the attempt's or the operation's time
 * - `oversized`: the answer is larger than the limit
 * - `aborted`: nobody waits for the answer any more
 * - `circuit-open`: not sent, because the account's calls fail; the breaker lets none through before `againAt`
 * - `held-back`: not sent, because the upstream asked for a pause, or our own rate limit does not allow it in time
 */
export type FailureReason = "unreachable" | "timeout" | "oversized" | "aborted" | WithheldReason;

export type WithheldReason = "circuit-open" | "held-back";
