import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { notToBeKept } from "../graphql/response-freshness.ts";

/** Codes of errors that arise before GraphQL sees a request, in the same envelope as GraphQL's own. */
const codesByStatus: Readonly<Record<number, string>> = {
  400: "BAD_REQUEST",
  401: "UNAUTHENTICATED",
  404: "NOT_FOUND",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
};

const messagesByStatus: Readonly<Record<number, string>> = {
  400: "The request body is not valid JSON.",
  401: "The request does not carry the router's secret.",
  404: "There is nothing at this address.",
  413: "The request body is larger than the limit.",
  415: "The request body must be application/json.",
};

export function sendError(reply: FastifyReply, status: number): FastifyReply {
  const message = messagesByStatus[status] ?? "Internal server error";
  const code = codesByStatus[status] ?? "INTERNAL_SERVER_ERROR";
  return reply
    .code(status)
    .header("cache-control", notToBeKept)
    .send({ errors: [{ message, extensions: { code } }] });
}

/** Only what is the client's own doing is told apart; anything else is logged and stays with us. */
export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = error.statusCode ?? 500;
  if (status in messagesByStatus) return sendError(reply, status);
  request.log.error({ err: error }, "unexpected error in the HTTP layer");
  return sendError(reply, 500);
}
