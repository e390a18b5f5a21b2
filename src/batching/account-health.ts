import type { CallAnswer } from "../providers/provider.ts";
import type { ProblemCode } from "../tasks/problem.ts";
import type { EpochMs } from "../tasks/task.ts";

export type AccountHealth = "OK" | "DEGRADED" | "CIRCUIT_OPEN" | "RATE_LIMITED";

/** How an account is doing, as told by its latest call. */
export interface HealthRecord {
  note(answer: CallAnswer): void;
  current(): AccountHealth;
}

/** Problems that speak about the account or its upstream; the others speak about an id or a question, and show that it works. */
const troubles: ReadonlySet<ProblemCode> = new Set([
  "AUTH_FAILED",
  "TIMEOUT",
  "UPSTREAM_UNAVAILABLE",
  "UPSTREAM_MALFORMED",
]);

export function createHealthRecord(now: () => EpochMs): HealthRecord {
  let latest: AccountHealth = "OK";
  let limitedUntil = 0;
  return {
    note(answer) {
      const code = answer.kind === "answered" ? null : answer.problem.code;
      if (answer.kind === "failed" && code === "RATE_LIMITED") {
        latest = "RATE_LIMITED";
        limitedUntil = answer.problem.retryAfterAt ?? now();
      } else latest = code !== null && troubles.has(code) ? "DEGRADED" : "OK";
    },
    current() {
      return latest === "RATE_LIMITED" && limitedUntil < now() ? "OK" : latest;
    },
  };
}
