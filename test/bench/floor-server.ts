import { createServer } from "node:http";
import { Pool } from "undici";
import { type BenchedProvider, localIdOf, type PlainTask, providerOf } from "./calls.ts";
import { keepingFlag } from "./keeping-flag.ts";
import { listen } from "./listen.ts";
import { callsUnderWay } from "./workload.ts";

/**
 * The floor: the same job with nothing between `node:http` and undici. Whoever answers over HTTP has these costs. It may keep
 * tasks that have ended, as plain objects, and then makes an answer's objects and its text anew for each query, as whoever
 * is asked for other ids and fields each time must.
 */

const [upstreamUrl = "", flag] = process.argv.slice(2);
const kept = flag === keepingFlag ? new Map<string, PlainTask>() : null;
const pools = new Map<BenchedProvider, Pool>();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", async () => {
    const { variables } = JSON.parse(Buffer.concat(chunks).toString());
    const lookups = await (kept ? lookUpKept(variables.ids, kept) : lookUp(variables.ids));
    const answer = Buffer.from(JSON.stringify({ data: { batchTasks: { lookups } } }));
    response.writeHead(200, { "content-type": "application/json; charset=utf-8", "content-length": answer.length });
    response.end(answer);
  });
});

async function lookUp(ids: readonly string[]): Promise<unknown[]> {
  const tasks = await askUpstreams(ids);
  return ids.map((id) => lookupOf(id, tasks.get(id)));
}

async function lookUpKept(ids: readonly string[], kept: Map<string, PlainTask>): Promise<unknown[]> {
  const missing = ids.filter((id) => !kept.has(id));
  const tasks = missing.length === 0 ? kept : await askUpstreams(missing);
  if (tasks !== kept) for (const [id, task] of tasks) if (task.isTerminal) kept.set(id, task);
  return ids.map((id) => {
    const task = kept.get(id) ?? tasks.get(id);
    return lookupOf(id, task && select(task));
  });
}

/** What a query selects of a task, in objects of its own. */
const select = ({ id, status, isTerminal, rawStatus: { value }, name }: PlainTask): PlainTask => ({
  id,
  status,
  isTerminal,
  rawStatus: { value },
  name,
});

const lookupOf = (requestedId: string, task: PlainTask | undefined): unknown => ({
  requestedId,
  task: task ?? null,
  problem: task ? null : { code: "NOT_FOUND" },
});

async function askUpstreams(ids: readonly string[]): Promise<Map<string, PlainTask>> {
  const byProvider = new Map<BenchedProvider, string[]>();
  for (const id of ids) {
    const provider = providerOf(id);
    const localIds = byProvider.get(provider);
    if (localIds) localIds.push(localIdOf(id));
    else byProvider.set(provider, [localIdOf(id)]);
  }
  const tasks = new Map<string, PlainTask>();
  const calls = [...byProvider].flatMap(([provider, localIds]) =>
    evenChunks(localIds, provider.maxIdsPerCall).map(async (chunk) => {
      for (const task of await callUpstream(provider, chunk)) tasks.set(task.id, task);
    }),
  );
  await Promise.all(calls);
  return tasks;
}

async function callUpstream(provider: BenchedProvider, localIds: readonly string[]): Promise<PlainTask[]> {
  const { path, headers, body } = provider.request(localIds);
  const response = await poolOf(provider).request({ method: "POST", path, headers, body });
  return provider.read(await response.body.json());
}

function poolOf(provider: BenchedProvider): Pool {
  const pool = pools.get(provider) ?? new Pool(upstreamUrl, { connections: callsUnderWay });
  pools.set(provider, pool);
  return pool;
}

function evenChunks(localIds: readonly string[], limit: number): string[][] {
  const count = Math.ceil(localIds.length / limit);
  return Array.from({ length: count }, (_, index) =>
    localIds.slice(Math.floor((index * localIds.length) / count), Math.floor(((index + 1) * localIds.length) / count)),
  );
}

await listen(server);
