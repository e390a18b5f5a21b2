import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { routerSecretHeader } from "../../src/server/router-secret.ts";
import { createImportRecords, type ImportRecord } from "../supergraph/import-records.ts";
import { type ImportsSubgraph, importsSdl, startImportsSubgraph } from "../supergraph/imports-subgraph.ts";
import { type RecordingProxy, startRecordingProxy } from "../supergraph/recording-proxy.ts";
import { type ExpectedTask, expectedTask } from "../support/expected-task.ts";
import { type GraphqlAnswer, startService } from "../support/service.ts";
import { composeSupergraph } from "./compose.ts";

/** Everything that stands behind a gateway: sandbox, this subgraph, a proxy that counts, a peer subgraph. */
export interface SupergraphWorld {
  readonly sandbox: Sandbox;
  readonly proxy: RecordingProxy;
  readonly imports: ImportsSubgraph;
  readonly supergraphSdl: string;
  /** What a gateway must send, by subgraph. */
  readonly headers: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly records: readonly ImportRecord[];
  /** Ids of tasks of all five providers, one provider never standing together. */
  readonly taskIds: readonly string[];
  /** What the graph should say of a task now. */
  taskOf(id: string): FederatedTask;
  /** Asks this subgraph without a gateway, uncounted by the proxy. */
  askDirectly(query: string, variables?: Readonly<Record<string, unknown>>): Promise<GraphqlAnswer["body"]>;
  /** Upstream calls that asked for tasks, by upstream; those without a call are left out. */
  upstreamCalls(): Readonly<Record<string, number>>;
  /** Healthy upstreams, and a subgraph that has not asked them yet: what one query taught must not colour the next. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export interface FederatedTask extends ExpectedTask {
  readonly typename: string;
  readonly provider: string;
  readonly account: string;
  readonly upstreamId: string;
}

const routerSecret = "the router's own secret";

/** How many tasks of each account the records point at. */
const shares = { sim: 120, ops: 40, "drs-prod": 30, "spark-prod": 5, lark: 5 } as const;

const kinds: Readonly<Record<string, readonly [typename: string, provider: string]>> = {
  sim: ["EiotclubTask", "EIOTCLUB"],
  ops: ["SopsTask", "BK_SOPS"],
  "drs-prod": ["DrsJob", "HUAWEI_DRS"],
  "spark-prod": ["DliBatchJob", "HUAWEI_DLI"],
  lark: ["FeishuContactTask", "FEISHU_CONTACT"],
};

export async function startSupergraphWorld(): Promise<SupergraphWorld> {
  const startedAt = Date.now();
  const now = (): number => startedAt;
  const sandbox = await startSandbox({ now });
  // A connection that a client opened and did not use would make the end of a service last the whole grace.
  const server = { routerSecrets: [routerSecret], shutdownGraceMs: 100 };
  const start = () => startService({ sandbox, now, server });
  let service = await start();
  const proxy = await startRecordingProxy(service.endpoint);
  const taskIds = interleavedIds(sandbox);
  const records = createImportRecords(taskIds);
  const imports = await startImportsSubgraph(records);
  const headers = { tasks: { [routerSecretHeader]: routerSecret } };
  const held = new Map(sandbox.tasks().map((task) => [`${task.account}:${task.upstreamId}`, task]));
  return {
    sandbox,
    proxy,
    imports,
    supergraphSdl: composeSupergraph([
      { name: "tasks", url: proxy.url, sdl: await readSdl(proxy.url, headers.tasks) },
      { name: "imports", url: imports.url, sdl: importsSdl },
    ]),
    headers,
    records,
    taskIds,
    taskOf(id) {
      const task = held.get(id);
      const [typename, provider] = kinds[task?.account ?? ""] ?? [];
      if (!task || !typename || !provider) throw new Error(`The sandbox holds no task ${id}`);
      const { account, upstreamId } = task;
      return { ...expectedTask(task), typename, provider, account, upstreamId };
    },
    askDirectly: (query, variables) => postQuery(service.endpoint, query, variables, headers.tasks),
    upstreamCalls: () =>
      Object.fromEntries(
        sandbox.upstreamNames
          .map((name) => [name, sandbox.upstream(name).taskCalls.length] as const)
          .filter(([, calls]) => calls > 0),
      ),
    async reset() {
      await service.close();
      await sandbox.reset();
      service = await start();
      proxy.passTo(service.endpoint);
      proxy.clear();
      imports.clearOperations();
    },
    async close() {
      await Promise.all([proxy.close(), imports.close(), service.close()]);
      await sandbox.close();
    },
  };
}

export async function postQuery(
  endpoint: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<GraphqlAnswer["body"]> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as GraphqlAnswer["body"];
}

/** As a schema registry or a router would read it. */
async function readSdl(endpoint: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const { data } = await postQuery(endpoint, "{ _service { sdl } }", {}, headers);
  return data._service.sdl;
}

function interleavedIds(sandbox: Sandbox): string[] {
  const lists = Object.entries(shares).map(([account, count]) =>
    sandbox
      .tasks()
      .filter((task) => task.account === account)
      .slice(0, count)
      .map(({ upstreamId }) => `${account}:${upstreamId}`),
  );
  const longest = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, place) => lists.map((list) => list[place]))
    .flat()
    .filter((id) => id !== undefined);
}
