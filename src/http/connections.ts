import { Agent, type Dispatcher } from "undici";

const connectTimeoutMs = 1_000;
const maxAnswerBytes = 5 * 1024 * 1024;

/** Sockets to one account's hosts. Their number bounds its calls under way, so both come from one setting. */
export function createConnections(maxConcurrentCalls: number): Dispatcher {
  return new Agent({
    connections: maxConcurrentCalls,
    connect: { timeout: connectTimeoutMs },
    maxResponseSize: maxAnswerBytes,
    // An attempt has one total time instead of a time per phase.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
