import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { startService, type TestService } from "../support/service.ts";

const startedAt = Date.now();
const now = (): number => startedAt;

let sandbox: Sandbox;
let service: TestService;

beforeAll(async () => {
  sandbox = await startSandbox({ now });
  service = await startService({ sandbox, now });
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

function idOf(account: string, ...rawStatuses: string[]): string {
  const held = sandbox.tasks().find((task) => task.account === account && rawStatuses.includes(task.rawStatus));
  if (!held) throw new Error(`The sandbox holds no ${account} task that is ${rawStatuses.join()}`);
  return `${account}:${held.upstreamId}`;
}

async function cacheControlOf(query: string): Promise<string | null> {
  return (await service.query(query)).headers.get("cache-control");
}

const statusesOf = (...ids: string[]): string =>
  `{ batchTasks(ids: ${JSON.stringify(ids)}) { lookups { task { status } } } }`;

describe("Cache-Control", () => {
  it.each<[string, () => string[], string]>([
    ["a task that succeeded", () => [idOf("sim", "2")], "private, max-age=600"],
    ["a task that failed for good", () => [idOf("sim", "-2")], "private, max-age=60"],
    ["a task that failed and may be resumed", () => [idOf("drs-prod", "FULL_TRANSFER_FAILED")], "private, max-age=30"],
    ["a running task, of a provider asked every 5 seconds", () => [idOf("sim", "1")], "private, max-age=2"],
    [
      "a running task, of a provider asked every 30 seconds",
      () => [idOf("drs-prod", "CREATING")],
      "private, max-age=15",
    ],
    ["a paused task", () => [idOf("drs-prod", "PAUSING")], "private, max-age=15"],
    [
      "many tasks: the shortest time",
      () => [idOf("sim", "2"), idOf("drs-prod", "CREATING"), idOf("sim", "-2")],
      "private, max-age=15",
    ],
  ])("of %s", async (_case, ids, expected) => {
    expect(await cacheControlOf(statusesOf(...ids()))).toBe(expected);
  });

  it.each<[string, () => string]>([
    ["a task that is not found", () => statusesOf(idOf("sim", "2"), "ops:2/39999999")],
    ["an id that makes no sense", () => statusesOf(idOf("sim", "2"), "nonsense")],
    ["an error", () => '{ batchTask(id: "nonsense") { status } }'],
    ["a syntax error", () => "{ batchTask("],
    ["an unknown field", () => "{ nothing }"],
    ["accounts, whose health changes any time", () => "{ batchTaskAccounts { health } }"],
    ["no task at all", () => "{ __typename }"],
  ])("forbids to keep %s", async (_case, query) => {
    expect(await cacheControlOf(query())).toBe("no-store, max-age=0");
  });

  it("is the same through _entities", async () => {
    const { headers } = await service.query(
      "query ($them: [_Any!]!) { _entities(representations: $them) { ... on BatchTask { status } } }",
      { them: [{ __typename: "BatchTask", id: idOf("sim", "2") }] },
    );

    expect(headers.get("cache-control")).toBe("private, max-age=600");
  });
});
