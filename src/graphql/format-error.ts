import { unwrapResolverError } from "@apollo/server/errors";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import type { Logger } from "../telemetry/log.ts";

export type FormatError = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

/**
 * Lets through what this service or the graphql library says on purpose; anything else is a defect of ours, or somebody
 * else's words: it is logged, and the client learns only that it happened.
 *
 * @param hidesSchema whether the library's hints at other names are left out
 */
export function createFormatError(log: Pick<Logger, "error">, hidesSchema: boolean): FormatError {
  return (formatted, error) => {
    const original = unwrapResolverError(error);
    if (original instanceof GraphQLError)
      return hidesSchema ? withoutHint(withoutStack(formatted)) : withoutStack(formatted);
    log.error({ err: original, path: formatted.path }, "unexpected error in a resolver");
    return {
      message: "Internal server error",
      ...(formatted.locations && { locations: formatted.locations }),
      ...(formatted.path && { path: formatted.path }),
      extensions: { code: "INTERNAL_SERVER_ERROR" },
    };
  };
}

/** The library hides its suggestions for fields only, not those for enum values of variables. */
function withoutHint(error: GraphQLFormattedError): GraphQLFormattedError {
  return { ...error, message: error.message.replace(/ ?Did you mean [^?]*\?/, "") };
}

function withoutStack({ extensions, ...error }: GraphQLFormattedError): GraphQLFormattedError {
  const { stacktrace: _, ...shown } = extensions ?? {};
  return { ...error, extensions: shown };
}
