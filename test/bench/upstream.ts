import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { answerParent } from "./answer-parent.ts";
import { listen } from "./listen.ts";
import { bkSopsRow, eiotclubRow } from "./rows.ts";
import { callLimits } from "./workload.ts";

/** Both upstreams in one process: they know every id, answer after a set time, and count. */

export interface UpstreamCounts {
  readonly calls: number;
  readonly ids: number;
  /** Why calls were refused. A server that gets here has a defect. */
  readonly refusals: readonly string[];
}

const eiotclubPath = "/api/v3/task/query";
const bkSopsPath = /^\/get_tasks_status\/\d+\/$/;

let latencyMs = 0;
let calls = 0;
let ids = 0;
let refusals: string[] = [];

function takeCounts(): UpstreamCounts {
  const counts = { calls, ids, refusals };
  calls = 0;
  ids = 0;
  refusals = [];
  return counts;
}

answerParent({
  takeCounts,
  setLatency: (value) => {
    latencyMs = Number(value);
  },
});

const server = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => {
    text += chunk;
  });
  request.on("end", () => {
    const answer = answerTo(request, text);
    if (latencyMs === 0) send(response, answer);
    else setTimeout(send, latencyMs, response, answer);
  });
});

function send(response: ServerResponse, answer: string): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(answer) });
  response.end(answer);
}

function answerTo(request: IncomingMessage, text: string): string {
  const body: Record<string, unknown> = JSON.parse(text);
  calls += 1;
  if (request.url === eiotclubPath) return answerEiotclub(body);
  if (bkSopsPath.test(request.url ?? "")) return answerBkSops(body, request);
  return refused(`no such path: ${request.url}`);
}

const signedKeys = ["appkey", "timestamp", "nonce", "sign", "ids"];

function answerEiotclub(body: Record<string, unknown>): string {
  const missing = signedKeys.filter((key) => !body[key]);
  if (missing.length > 0) return refused(`eIoTClub: without ${missing.join()}`);
  const asked = String(body.ids).split(",");
  if (!mayAsk(asked, callLimits.eiotclub)) return refused(`eIoTClub: ${asked.length} ids, or repeated ones`);
  return `{"code":"200","data":[${asked.map(eiotclubRow).join()}]}`;
}

function answerBkSops(body: Record<string, unknown>, { headers }: IncomingMessage): string {
  if (!headers["x-bkapi-authorization"]) return refused("bk-sops: without credentials");
  const asked = (body.task_id_list as readonly (number | string)[]).map(String);
  if (!mayAsk(asked, callLimits.bkSops)) return refused(`bk-sops: ${asked.length} ids, or repeated ones`);
  const rows = asked.reverse().map(bkSopsRow).join();
  return `{"result":true,"data":[${rows}],"code":0,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}`;
}

function mayAsk(asked: readonly string[], limit: number): boolean {
  ids += asked.length;
  return asked.length > 0 && asked.length <= limit && new Set(asked).size === asked.length;
}

function refused(reason: string): string {
  refusals.push(reason);
  return '{"code":"400","message":"refused","result":false,"data":null}';
}

await listen(server);
