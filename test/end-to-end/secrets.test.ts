import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { collectSecrets } from "../../src/config/collect-secrets.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { providers } from "../../src/providers/registry.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { nothingKept, startService, type TestService } from "../support/service.ts";

const routerSecret = "router-secret-planted-for-the-test";

let sandbox: Sandbox;
let service: TestService;
let secrets: string[];
const seen: string[] = [];

beforeAll(async () => {
  sandbox = await startSandbox();
  service = await startService({
    sandbox,
    cache: nothingKept,
    server: { routerSecrets: [routerSecret] },
    limits: { deadlineMs: 1_500 },
  });
  const config = loadConfig(
    { server: { routerSecrets: [routerSecret] }, accounts: sandbox.accounts() },
    { environment: {}, readFile: () => "" },
    providers,
  );
  secrets = collectSecrets(config);
});

afterEach(() => sandbox.reset());

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

async function askForEverything(): Promise<void> {
  const ids = sandbox.tasks().map(({ account, upstreamId }) => `${account}:${upstreamId}`);
  const answer = await service.query(
    `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups {
      task {
        __typename id name rawStatus { value label } failure { code message } webUrl
        ... on EiotclubTask { result }
        ... on SopsTask { nodes(first: 1000, maxDepth: 100) { nodes { name } } }
        ... on FeishuContactTask { items(first: 1000) { nodes { message name } } }
      }
      problem { code message upstreamCode upstreamRequestId }
    } } }`,
    { ids },
    { "router-authorization": routerSecret },
  );
  expect(answer.status).toBe(200);
  seen.push(JSON.stringify(answer.body), JSON.stringify([...answer.headers]));
}

/** What an operator, a client or a collector could have seen until now. */
async function everythingShown(): Promise<string> {
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  return [...seen, metrics, ...service.logLines].join("\n");
}

describe("configured secrets", () => {
  it("are as many as the accounts need", () => {
    expect(new Set(secrets).size).toBeGreaterThanOrEqual(8);
    expect(secrets.every((secret) => secret.length >= 6)).toBe(true);
  });

  it("stay inside when all is well", async () => {
    await askForEverything();

    const shown = await everythingShown();
    expect(shown).toContain("EiotclubTask");
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
  });

  it("stay inside when upstreams echo them in their errors", async () => {
    const echo = `you sent ${secrets.join(" and ")}`;
    for (const name of sandbox.upstreamNames) {
      const body = JSON.stringify({
        code: echo,
        msg: echo,
        message: echo,
        error_code: echo,
        error_msg: echo,
        request_id: echo,
      });
      sandbox.upstream(name).fault({ kind: "status", status: 400, body, onlyTaskCalls: false });
    }

    await askForEverything();

    const shown = await everythingShown();
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
  });

  it("stay inside when an upstream echoes them in a task", async () => {
    const echo = secrets.join(" ");
    sandbox.upstream("eiotclub").set({ rowPatches: { "884213": { status: "-2", result: `failed: ${echo}` } } });

    const { body } = await service.query(
      '{ batchTask(id: "sim:884213") { failure { message } rawStatus { value } ... on EiotclubTask { result } } }',
      {},
      { "router-authorization": routerSecret },
    );

    expect(body.data.batchTask.result).toMatch(/^failed: \[redacted\]( \[redacted\])*$/);
    expect(secrets.filter((secret) => JSON.stringify(body).includes(secret))).toEqual([]);
  });

  it.each([
    ["as PHP does", (secret: string) => secret.replaceAll("/", "\\/")],
    [
      "as Python does",
      (secret: string) => secret.replace(/./g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
    ],
  ])("stay inside when an upstream escapes them %s", async (_name, escaped) => {
    const secret = String(sandbox.accounts().sim?.secret);
    const body = `{"code":"200","data":[{"id":"884213","status":"-2","result":"${escaped(secret)}"}]}`;
    sandbox.upstream("eiotclub").fault({ kind: "status", status: 200, body });

    const answer = await service.query(
      '{ batchTask(id: "sim:884213") { ... on EiotclubTask { result } } }',
      {},
      { "router-authorization": routerSecret },
    );

    expect(answer.body.data.batchTask.result).toBe("[redacted]");
  });

  it("stay inside when they are tokens that were fetched a moment ago", async () => {
    const ask = (): Promise<{ body: { data?: { batchTask: { failure: { message: string } } } } }> =>
      service.query(
        '{ batchTask(id: "drs-prod:dc67695a-ee3e-49b8-a022-a099bd81jb21") { failure { message } } }',
        {},
        { "router-authorization": routerSecret },
      );
    await ask();
    const token = sandbox.upstream("huawei-drs").calls.at(-1)?.headers["x-auth-token"] ?? "";
    sandbox.upstream("huawei-drs").set({
      rowPatches: { "dc67695a-ee3e-49b8-a022-a099bd81jb21": { error_message: `bad token ${token}` } },
    });

    const answer = await ask();

    expect(token.length).toBeGreaterThan(10);
    expect(answer.body.data?.batchTask.failure.message).toBe("bad token [redacted]");
  });

  it("spoil no answer in which they stand by chance", async () => {
    const unlucky = await startService({ sandbox, accounts: { sim: { secret: "300001" } } });

    const { body } = await unlucky.query('{ batchTask(id: "ops:2/30000105") { upstreamId name } }');
    await unlucky.close();

    expect(body.data.batchTask).toEqual({ upstreamId: "2/30000105", name: "task test tree" });
  });

  it("stay inside when a query repeats the router's secret in the wrong place", async () => {
    await service.query(`{ batchTask(id: "${routerSecret}") { id } }`, {}, { "router-authorization": routerSecret });

    expect(service.logLines.join("\n")).not.toContain(routerSecret);
  });
});

describe("the router's secret", () => {
  it.each([
    ["nothing", undefined],
    ["another text", "guess"],
    ["an empty text", ""],
  ])("is asked for: %s gets 401 and reaches no upstream", async (_case, header) => {
    const upstream = sandbox.upstream("eiotclub");
    upstream.clearCalls();

    const { status, body } = await service.query(
      '{ batchTask(id: "sim:884213") { status } }',
      {},
      header === undefined ? {} : { "router-authorization": header },
    );

    expect(status).toBe(401);
    expect(body).toEqual({
      errors: [{ message: "The request does not carry the router's secret.", extensions: { code: "UNAUTHENTICATED" } }],
    });
    expect(upstream.calls).toEqual([]);
  });
});
