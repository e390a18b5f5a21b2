import type { ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import type { AnswerFault, CallFaults } from "./faults.ts";
import type { SandboxResponse } from "./upstream.ts";

const HUGE_CHUNK_BYTES = 65_536;

/** An answer as bytes. Date and Content-Length are added when it is sent. */
interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Sender = (outgoing: ServerResponse, answer: WireAnswer) => void;

/** The status that `sendAnswer` will put on the wire; null when the fault leaves none. */
export function sentStatus(response: SandboxResponse, fault: AnswerFault | null): number | null {
  switch (fault?.kind) {
    case "reset":
    case "silence":
      return null;
    case "status":
    case "html":
      return fault.status;
    case "throttle":
      return 429;
    case "huge":
      return 200;
    default:
      return response.status;
  }
}

/** Sends the answer as the faults want it. A client that leaves meanwhile ends all of it. `date` is epoch milliseconds. */
export function sendAnswer(
  outgoing: ServerResponse,
  response: SandboxResponse,
  faults: CallFaults,
  date: number,
): void {
  const answer = toWireAnswer(response, date);
  const send = faults.answerFault === null ? sendWhole : senderOf(faults.answerFault);

  outgoing.sendDate = false;
  outgoing.on("error", () => outgoing.destroy());
  if (faults.delayMs === 0) {
    send(outgoing, answer);
    return;
  }
  const timer = setTimeout(() => send(outgoing, answer), faults.delayMs);
  outgoing.on("close", () => clearTimeout(timer));
}

function toWireAnswer(response: SandboxResponse, date: number): WireAnswer {
  return {
    status: response.status,
    headers: { "content-type": "application/json", date: new Date(date).toUTCString(), ...lowerCase(response.headers) },
    body: toBytes(response.body),
  };
}

function lowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function toBytes(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

function sendWhole(outgoing: ServerResponse, answer: WireAnswer): void {
  writeHead(outgoing, answer);
  outgoing.end(answer.body);
}

function writeHead(outgoing: ServerResponse, answer: WireAnswer): void {
  outgoing.writeHead(answer.status, { ...answer.headers, "content-length": String(answer.body.length) });
}

function senderOf(fault: AnswerFault): Sender {
  switch (fault.kind) {
    case "status":
      return (outgoing, answer) => {
        const contentType: Record<string, string> =
          fault.contentType === undefined ? {} : { "content-type": fault.contentType };
        const headers = { ...onlyDate(answer), "content-type": "application/json", ...lowerCase(fault.headers) };
        sendWhole(outgoing, {
          status: fault.status,
          headers: { ...headers, ...contentType },
          body: toBytes(fault.body),
        });
      };
    case "throttle":
      return (outgoing, answer) => {
        const hint: Record<string, string> =
          fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) };
        sendWhole(outgoing, { status: 429, headers: { ...onlyDate(answer), ...hint }, body: Buffer.alloc(0) });
      };
    case "html":
      return (outgoing, answer) =>
        sendWhole(outgoing, {
          status: fault.status,
          headers: { ...onlyDate(answer), "content-type": "text/html; charset=utf-8" },
          body: Buffer.from(
            `<!DOCTYPE html><html><head><title>${fault.status}</title></head><body>Proxy</body></html>`,
          ),
        });
    case "empty":
      return (outgoing, answer) => sendWhole(outgoing, { ...answer, body: Buffer.alloc(0) });
    case "cut-body":
      return cutBody;
    case "reset":
      return (outgoing) => void outgoing.socket?.resetAndDestroy();
    case "silence":
      return () => {};
    case "drip":
      return (outgoing, answer) => drip(outgoing, answer, fault.msPerByte);
    case "huge":
      return (outgoing, answer) => sendHuge(outgoing, answer, fault.bytes);
  }
}

function onlyDate(answer: WireAnswer): Record<string, string> {
  const { date } = answer.headers;
  return date === undefined ? {} : { date };
}

function cutBody(outgoing: ServerResponse, answer: WireAnswer): void {
  writeHead(outgoing, answer);
  const half = answer.body.subarray(0, Math.floor(answer.body.length / 2));
  outgoing.write(half, () => outgoing.socket?.destroy());
}

function drip(outgoing: ServerResponse, answer: WireAnswer, msPerByte: number): void {
  writeHead(outgoing, answer);
  outgoing.flushHeaders();
  let sent = 0;
  const timer = setInterval(() => {
    outgoing.write(answer.body.subarray(sent, sent + 1));
    sent += 1;
    if (sent < answer.body.length) return;
    clearInterval(timer);
    outgoing.end();
  }, msPerByte);
  outgoing.on("close", () => clearInterval(timer));
}

function sendHuge(outgoing: ServerResponse, answer: WireAnswer, bytes: number): void {
  outgoing.writeHead(200, { ...onlyDate(answer), "content-type": "application/json" });
  // The client will usually hang up in the middle; that is the point, not an error.
  pipeline(Readable.from(hugeJson(bytes)), outgoing, () => {});
}

function* hugeJson(bytes: number): Generator<Buffer> {
  const opening = '{"padding":"';
  const closing = '"}';
  yield Buffer.from(opening);
  for (let left = bytes - opening.length - closing.length; left > 0; left -= HUGE_CHUNK_BYTES) {
    yield Buffer.alloc(Math.min(left, HUGE_CHUNK_BYTES), "x");
  }
  yield Buffer.from(closing);
}
