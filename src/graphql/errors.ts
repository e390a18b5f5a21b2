import { GraphQLError } from "graphql";
import type { ProblemModel } from "./models.ts";

/** Where a field has no room for a problem as a value, it becomes an error with the same code. */
export function problemError(problem: ProblemModel): GraphQLError {
  const { code, message, retryable, retryAfter, upstreamCode, upstreamRequestId } = problem;
  return new GraphQLError(message, {
    extensions: {
      code,
      retryable,
      ...(retryAfter !== null && { retryAfter: new Date(retryAfter).toISOString() }),
      ...(upstreamCode !== null && { upstreamCode }),
      ...(upstreamRequestId !== null && { upstreamRequestId }),
    },
  });
}

/** The caller asked for something that makes no sense; the message says what would. */
export function badInputError(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT" } });
}
