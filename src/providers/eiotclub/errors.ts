import type { ProblemCode } from "../../tasks/problem.ts";
import type { Refusal } from "../shared/refusal.ts";
import { malformedAnswer } from "../shared/refusal.ts";

/** Problem codes that an account may give to a body code. */
export const configurableProblemCodes = [
  "AUTH_FAILED",
  "FORBIDDEN",
  "RATE_LIMITED",
  "UPSTREAM_ERROR",
  "UPSTREAM_UNAVAILABLE",
] as const satisfies readonly ProblemCode[];

type ConfigurableProblemCode = (typeof configurableProblemCodes)[number];

const refusals: Readonly<Record<ConfigurableProblemCode, Refusal>> = {
  AUTH_FAILED: { code: "AUTH_FAILED" },
  FORBIDDEN: { code: "FORBIDDEN" },
  RATE_LIMITED: { code: "RATE_LIMITED", again: "throttled" },
  UPSTREAM_ERROR: { code: "UPSTREAM_ERROR", retryable: true, again: "transient" },
  UPSTREAM_UNAVAILABLE: { code: "UPSTREAM_UNAVAILABLE", again: "transient" },
};

/**
 * The vendor's list of codes could not be read. Two are known from client code ("200", "500"); the others follow their
 * HTTP-like numbering.
 */
const problemsByBodyCode: ReadonlyMap<string, ConfigurableProblemCode> = new Map([
  ["401", "AUTH_FAILED"],
  ["403", "FORBIDDEN"],
  ["429", "RATE_LIMITED"],
  ["500", "UPSTREAM_ERROR"],
]);

/** Nobody knows whether one bad id fails a whole call, so a refusal without a known reason is tried in halves. */
const unexplained: Refusal = { code: "UPSTREAM_ERROR", retryable: false, divisible: true, mayBeEverybodys: true };

/**
 * What a body code other than success means. Under a 4xx or 5xx only a known code explains more than the status.
 *
 * @returns null when the HTTP status has to be judged instead
 */
export function refusalByBodyCode(
  code: string | null,
  isSuccessStatus: boolean,
  configured: Readonly<Record<string, ConfigurableProblemCode>>,
): Refusal | null {
  const problem = code === null ? undefined : (ownValue(configured, code) ?? problemsByBodyCode.get(code));
  if (problem) return refusals[problem];
  if (!isSuccessStatus) return null;
  return code === null ? malformedAnswer : unexplained;
}

/** A code is any text: "constructor" must not find what every object has. */
function ownValue<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
