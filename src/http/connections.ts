import { Agent, type Dispatcher } from "undici";

const connectTimeoutMs = 1_000;
const maxAnswerBytes = 5 * 1024 * 1024;

/** Sockets to one account's hosts, as many to each as calls may ever be under way. */
export function createConnections(maxConcurrency: number): Dispatcher {
  return new Agent({
    connections: maxConcurrency,
    connect: { timeout: connectTimeoutMs },
    maxResponseSize: maxAnswerBytes,
    // An attempt has one total time instead of a time per phase.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
