import { ApolloServer, type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from "@apollo/server/plugin/disabled";
import type { GraphQLSchema } from "graphql";
import type { Context } from "../graphql/context.ts";
import type { FormatError } from "../graphql/format-error.ts";
import type { QuickExecution } from "../graphql/quick-execution.ts";
import { notToBeKept } from "../graphql/response-freshness.ts";
import type { Logger } from "../telemetry/log.ts";

export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  /** Over the same schema. */
  readonly quickExecution: QuickExecution;
  readonly introspection: boolean;
  readonly formatError: FormatError;
  readonly log: Logger;
  now(): number;
}

/** A generous query of a gateway has a few thousand; what has more is made to keep us busy. */
const maxQueryTokens = 20_000;

/**
 * The landing page loads a script from elsewhere; inline traces and the cache-control plugin wrap every field, which
 * costs more than all our resolvers together. Signals are the process' own matter.
 */
export function createApollo(options: ApolloOptions): ApolloServer<Context> {
  const { schema, introspection, formatError, log, now } = options;
  return new ApolloServer<Context>({
    schema,
    introspection,
    formatError,
    logger: log,
    hideSchemaDetailsFromClientErrors: !introspection,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    parseOptions: { maxTokens: maxQueryTokens },
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      tellFreshness(now),
      executeQuickly(options.quickExecution),
    ],
  });
}

/** An answer with an error is never kept, whatever else is in it. */
function tellFreshness(now: () => number): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      return {
        async willSendResponse({ contextValue, errors, response }) {
          const value = errors?.length ? notToBeKept : contextValue.freshness.cacheControl(now());
          response.http.headers.set("cache-control", value);
        },
      };
    },
  };
}

/** What the quick execution leaves to graphql-js, Apollo executes as ever: errors are formatted and counted there. */
function executeQuickly(quickExecution: QuickExecution): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ document, operation, request: { variables }, contextValue: context }) {
          const data = await quickExecution.execute({ document, operation, variables, context });
          return data && { http: { headers: new HeaderMap() }, body: { kind: "single", singleResult: { data } } };
        },
      };
    },
  };
}
