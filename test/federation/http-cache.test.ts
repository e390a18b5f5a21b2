import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { startHiveGateway } from "../supergraph/hive-gateway.ts";
import { startRecordingProxy } from "../supergraph/recording-proxy.ts";
import { startService, type TestService } from "../support/service.ts";
import { composeSupergraph, tasksSubgraph } from "./compose.ts";
import { postQuery } from "./supergraph-world.ts";

let sandbox: Sandbox;
let service: TestService;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  sandbox = await startSandbox();
  service = await startService({ sandbox, server: { shutdownGraceMs: 100 } });
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

function createMemoryCache() {
  const entries = new Map<string, unknown>();
  return {
    get: async (key: string) => entries.get(key),
    set: async (key: string, value: unknown) => void entries.set(key, value),
    delete: async (key: string) => entries.delete(key),
    getKeysByPrefix: async () => [...entries.keys()],
  };
}

/** Asks the same twice through Hive with its HTTP cache, and answers how often we were asked. */
async function requestsOfTwo(query: string, changeCacheControl?: (value: string) => string): Promise<number> {
  const proxy = await startRecordingProxy(service.endpoint, changeCacheControl);
  const gateway = await startHiveGateway({
    supergraphSdl: composeSupergraph([tasksSubgraph(proxy.url)]),
    headers: {},
    httpCache: createMemoryCache() as never,
  });
  closing.push(
    () => gateway.close(),
    () => proxy.close(),
  );
  const first = await postQuery(gateway.endpoint, query);
  const second = await postQuery(gateway.endpoint, query);
  expect(second.data).toEqual(first.data);
  return proxy.requests.length;
}

const succeeded = '{ batchTask(id: "ops:2/30000105") { status } }';
const missing =
  '{ batchTasks(ids: ["ops:2/30000105", "ops:2/39999999"]) { lookups { task { status } problem { code } } } }';

/** As a router does that shares answers between its users, who all may see the same. */
const toPublic = (value: string): string => value.replace("private", "public");

describe("Hive's HTTP cache", () => {
  it("shares no answer between users: ours are private", async () => {
    expect(await requestsOfTwo(succeeded)).toBe(2);
  });

  it("keeps an answer as long as we say, where the router declares it public", async () => {
    expect(await requestsOfTwo(succeeded, toPublic)).toBe(1);
  });

  it("keeps no answer in which anything failed, whatever the router declares", async () => {
    expect(await requestsOfTwo(missing, toPublic)).toBe(2);
  });
});
