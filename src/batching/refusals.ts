import type { FailedCall } from "../providers/provider.ts";
import type { Outcome } from "../tasks/outcome.ts";
import { createProblem, type Problem } from "../tasks/problem.ts";
import type { EpochMs } from "../tasks/task.ts";
import type { Closure } from "./admission.ts";

/** What keys come to that are answered without their call. */

export const timeIsOver = createProblem("TIMEOUT", "The operation was over before the provider answered.");

export const timedOut: Outcome = { kind: "problem", problem: timeIsOver };

/** A client that forgets an id, or throws, has a defect; the id still gets an answer. */
export const unprocessable = "The provider's answer could not be processed.";

export const unanswered: Outcome = { kind: "problem", problem: createProblem("NOT_RETURNED", unprocessable) };

export function overloaded(retryAfterAt: EpochMs): Outcome {
  const message = "Too many tasks of this account are waiting to be asked for.";
  return { kind: "problem", problem: createProblem("OVERLOADED", message, { retryAfterAt }) };
}

export function closedProblem({ because, until }: Closure): Problem {
  return because === "circuit-open"
    ? createProblem("CIRCUIT_OPEN", "The provider is left alone for a while: too many calls failed.", {
        retryAfterAt: until,
      })
    : createProblem("RATE_LIMITED", "The provider asked us to wait longer than this operation may take.", {
        retryAfterAt: until,
      });
}

export const failedBy = (problem: Problem): FailedCall => ({ kind: "failed", problem, divisible: false });
