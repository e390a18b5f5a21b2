import type { CallAnswer } from "../providers/provider.ts";
import type { ProblemCode } from "../tasks/problem.ts";
import type { Admission } from "./admission.ts";

export type AccountHealth = "OK" | "DEGRADED" | "CIRCUIT_OPEN" | "RATE_LIMITED";

/** How an account is doing: what keeps calls from it, else what its latest call came to. */
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

export function createHealthRecord(admission: Pick<Admission, "standing">): HealthRecord {
  let hasTrouble = false;
  return {
    note(answer) {
      hasTrouble = answer.kind === "failed" && troubles.has(answer.problem.code);
    },
    current() {
      const standing = admission.standing();
      if (standing === "circuit-open") return "CIRCUIT_OPEN";
      if (standing === "throttled") return "RATE_LIMITED";
      return hasTrouble ? "DEGRADED" : "OK";
    },
  };
}
