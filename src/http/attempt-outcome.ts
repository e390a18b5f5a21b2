import type { AttemptOutcome } from "./attempt-gate.ts";
import type { Exchange, FailureReason } from "./exchange.ts";
import type { Judgement } from "./send.ts";

/** A deadline may leave an attempt less than its time. Less than this says nothing about the upstream. */
const fairTimeMs = 1_000;

/**
 * What an attempt says about its account. The judgement decides where there was an answer: some upstreams tell of trouble
 * under HTTP 200, and of a missing task under HTTP 500.
 *
 * @param grantedMs the time that the attempt had
 * @param attemptTimeoutMs the time of an attempt that no deadline cuts short
 */
export function outcomeOf(
  exchange: Exchange,
  { again, mayBeOneId }: Judgement<unknown>,
  grantedMs: number,
  attemptTimeoutMs: number,
): AttemptOutcome {
  if (mayBeOneId) return "neutral";
  if (again?.because === "throttled") return "throttled";
  if (exchange.kind === "response") return again?.because === "transient" ? "troubled" : "clean";
  const outcome = outcomesByFailure[exchange.reason];
  return outcome === "timed-out" && grantedMs < Math.min(fairTimeMs, attemptTimeoutMs) ? "neutral" : outcome;
}

const outcomesByFailure: Readonly<Record<FailureReason, AttemptOutcome>> = {
  unreachable: "unreachable",
  timeout: "timed-out",
  oversized: "clean",
  aborted: "neutral",
  "circuit-open": "neutral",
  "held-back": "neutral",
};
