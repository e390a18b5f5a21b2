import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { ApolloServer } from "@apollo/server";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from "fastify";
import type { Context } from "../graphql/context.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { handleError, sendError } from "./error-response.ts";
import { renderGraphiqlPage } from "./graphiql.ts";
import { limitOperation, type OperationLimits } from "./operation-signal.ts";
import { createRouterCheck, routerSecretHeader } from "./router-secret.ts";

export interface HttpServerOptions {
  readonly apollo: ApolloServer<Context>;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly graphiql: boolean;
  /** GraphiQL's first tabs. */
  readonly exampleQueries: readonly string[];
  readonly routerSecrets: readonly string[];
  readonly maxBodyBytes: number;
  readonly deadlineMs: number;
  readonly shutdownGraceMs: number;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, "expose">;
  /** Makes what belongs to one request. */
  createContext(limits: OperationLimits): Context;
  now(): number;
}

export interface HttpServer {
  /** Address of the server, without a path. Known once it listens. */
  listen(): Promise<string>;
  /** Not ready from now on; stops accepting, lets what is under way finish within the grace, aborts the rest. */
  drain(): Promise<void>;
}

/** A request that has not arrived by then is given up; the operation's deadline only begins when it is here. */
const requestTimeoutMs = 10_000;

/** What is aborted at the end of the grace still gets its answer out, if the client takes it this fast. */
const lastAnswersMs = 250;

export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const processEnd = new AbortController();
  let draining = false;
  const loggerInstance: FastifyBaseLogger = options.log;
  const app: FastifyInstance = fastify({
    loggerInstance,
    bodyLimit: options.maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    // Node minds the time for a whole request only where that for its headers is no longer.
    http: { headersTimeout: requestTimeoutMs, connectionsCheckingInterval: requestTimeoutMs / 5 },
    frameworkErrors: handleError,
    // A line per request is the access log of a proxy; here it would cost more than answering.
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: "idle",
    return503OnClosing: false,
  });
  app.setErrorHandler(handleError);
  app.setNotFoundHandler((_request, reply) => sendError(reply, 404));
  await addGraphqlRoute(app, options, processEnd.signal);
  app.get("/livez", () => ({ status: "alive" }));
  app.get("/readyz", (_request, reply) =>
    draining ? reply.code(503).send({ status: "draining" }) : reply.send({ status: "ready" }),
  );
  app.get("/metrics", async (_request, reply) => {
    const { contentType, text } = await options.metrics.expose();
    return reply.header("content-type", contentType).send(text);
  });
  const unused = trackUnusedSockets(app);
  return {
    listen: () => app.listen({ host: options.host, port: options.port }),
    async drain() {
      draining = true;
      const abort = setTimeout(() => processEnd.abort(), options.shutdownGraceMs);
      const cut = setTimeout(() => app.server.closeAllConnections(), options.shutdownGraceMs + lastAnswersMs);
      const closed = app.close();
      for (const socket of unused) socket.destroy();
      await closed;
      clearTimeout(abort);
      clearTimeout(cut);
      await options.apollo.stop();
    },
  };
}

/** Connections that were opened ahead and never used. Node does not count them as idle, and would wait for their request. */
function trackUnusedSockets(app: FastifyInstance): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  app.server.on("connection", (socket: Socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  app.server.on("request", ({ socket }: IncomingMessage) => unused.delete(socket));
  return unused;
}

async function addGraphqlRoute(
  app: FastifyInstance,
  options: HttpServerOptions,
  processEnd: AbortSignal,
): Promise<void> {
  const mayEnter = createRouterCheck(options.routerSecrets);
  const answerGraphql = fastifyApolloHandler(options.apollo, {
    context: async (_request: FastifyRequest, reply: FastifyReply) =>
      options.createContext(limitOperation(reply.raw, options.deadlineMs, processEnd, options.now)),
  });
  const graphiqlPage = options.graphiql ? await renderGraphiqlPage(options.path, options.exampleQueries) : null;

  const isPageVisit = (request: FastifyRequest): boolean => graphiqlPage !== null && isBrowserVisit(request);
  app.route({
    method: ["GET", "POST"],
    url: options.path,
    // Before the body is read: who may not enter has nothing to say.
    onRequest(request, reply, next) {
      const header = request.headers[routerSecretHeader];
      const mayPass = isPageVisit(request) || mayEnter(Array.isArray(header) ? header[0] : header);
      if (mayPass) next();
      else sendError(reply, 401);
    },
    async handler(request, reply) {
      if (isPageVisit(request)) return reply.type("text/html").send(graphiqlPage);
      return toBytes(await answerGraphql.call(app, request, reply));
    },
  });
}

/** Node makes room for three bytes per letter of a text that it is to send, which takes longer than sending it. */
function toBytes(answer: unknown): unknown {
  return typeof answer === "string" ? Buffer.from(answer) : answer;
}

function isBrowserVisit({ method, headers }: FastifyRequest): boolean {
  return method === "GET" && (headers.accept ?? "").includes("text/html");
}
