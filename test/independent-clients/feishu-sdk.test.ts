import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { HeldTask } from "../../src/sandbox/upstream.ts";
import { readSample } from "../sandbox/huawei-requests.ts";
import { expectedTask } from "../support/expected-task.ts";
import { nothingKept, startService, type TestService } from "../support/service.ts";
import { type AskedHosts, watchAskedHosts } from "./asked-hosts.ts";
import { type AskFeishu, type FeishuApplication, type FeishuSdkError, openFeishuSdk } from "./open-feishu-sdk.ts";

interface ImportData {
  readonly type: string;
  readonly status: number;
  readonly progress: number;
  readonly total_num: number;
  readonly success_num: number;
  readonly fail_num: number;
  readonly create_time: number;
  readonly finish_time?: number;
  readonly task_info?: readonly ImportItem[];
}

interface ImportItem {
  readonly code: number;
  readonly msg: string;
  readonly action?: number;
  readonly name: string;
  readonly [key: string]: unknown;
}

const sampleId = "123456784b68a7c89abcdef092dc09ea";
const unknownId = "ffffffffffffffffffffffffffffffff";

/** Tasks stand still on both sides; a full minute is left in the window of the rate limit. */
const startedAt = Math.floor(Date.now() / 60_000) * 60_000;
const now = (): number => startedAt;

let sandbox: Sandbox;
let service: TestService;
let hosts: AskedHosts;

beforeAll(async () => {
  hosts = watchAskedHosts();
  sandbox = await startSandbox({ now });
  service = await startService({ sandbox, cache: nothingKept, now });
});

afterEach(() => sandbox.reset());

afterAll(async () => {
  hosts.stop();
  await service.close();
  await sandbox.close();
});

const feishu = () => sandbox.upstream("feishu-contact");
const applicationOf = (account: string) => sandbox.accounts()[account] as unknown as FeishuApplication;
const openSdk = (account: string): AskFeishu => openFeishuSdk(applicationOf(account));
const heldIn = (account: string): HeldTask[] =>
  feishu()
    .tasks()
    .filter((held) => held.account === account);
const tokenCalls = (): number => feishu().calls.length - feishu().taskCalls.length;

function refusalOf(asking: Promise<unknown>): Promise<FeishuSdkError["response"]> {
  return asking.then(
    () => expect.unreachable("the SDK was answered"),
    (error: FeishuSdkError) => error.response,
  );
}

async function problemOf(upstreamId: string, asked = service): Promise<unknown> {
  const { body } = await asked.query(
    "query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { status } problem { code } } } }",
    { ids: [`lark:${upstreamId}`] },
  );
  const [lookup] = body.data.batchTasks.lookups;
  expect(lookup.task).toBeNull();
  return lookup.problem.code;
}

describe("the official Feishu SDK at the emulated Feishu", () => {
  it.each(["lark", "lark-departments"])(
    "reads every task of %s with one token that it fetched itself",
    async (account) => {
      const ask = openSdk(account);
      const [first, ...others] = heldIn(account);

      const answers = [await ask(first?.upstreamId ?? "")];
      for (const { upstreamId } of others) answers.push(await ask(upstreamId));

      expect(answers.length).toBeGreaterThan(8);
      expect(answers).toEqual(heldIn(account).map(({ row }) => row));
      expect(tokenCalls()).toBe(1);
      expect(feishu().taskCalls.map(({ status }) => status)).toEqual(answers.map(() => 200));
    },
  );

  it.each([
    ["lark", "feishu-users"],
    ["lark-departments", "feishu-departments"],
  ])("gets the vendor's sample unchanged in the tenant of %s", async (account, sample) => {
    expect(await openSdk(account)(sampleId)).toEqual(readSample(sample));
  });

  it("is told of a task of another tenant what it is told of an unknown one, as an answer", async () => {
    const ask = openSdk("lark");
    const elsewhere = heldIn("lark-departments").find(({ upstreamId }) => upstreamId !== sampleId);

    const answers = [await ask(unknownId), await ask(elsewhere?.upstreamId ?? "")];

    expect(answers).toEqual([notFound, notFound]);
  });

  it("gets no token for a wrong secret, and asks for no task", async () => {
    const ask = openFeishuSdk({ ...applicationOf("lark"), appSecret: "wrong" });

    await expect(ask(sampleId)).rejects.toThrow("code: 10014");

    expect(feishu().taskCalls).toEqual([]);
  });

  it("is refused with a token that was revoked, and goes on sending it", async () => {
    const ask = openSdk("lark");
    await ask(sampleId);
    feishu().act("revokeTokens");

    const refusals = [await refusalOf(ask(sampleId)), await refusalOf(ask(sampleId))];

    const refused = { status: 400, data: { code: 99991663 } };
    expect(refusals).toMatchObject([refused, refused]);
    expect(tokenCalls()).toBe(1);
  });

  it("is throttled with the time to wait in a header", async () => {
    feishu().set({ rateLimit: "on", rateLimitPerMinute: 2 });
    const ask = openSdk("lark");
    await ask(sampleId);
    await ask(sampleId);

    const refusal = await refusalOf(ask(sampleId));

    expect(refusal).toMatchObject({
      status: 429,
      headers: { "x-ogw-ratelimit-limit": "2", "x-ogw-ratelimit-reset": "60" },
      data: { code: 99991400 },
    });
  });

  it("is told which scopes it lacks", async () => {
    feishu().set({ scopeGranted: false });

    const refusal = await refusalOf(openSdk("lark")(sampleId));

    expect(refusal).toMatchObject({
      status: 400,
      data: { code: 99991672, error: { permission_violations: [{ subject: "contact:contact" }, {}] } },
    });
  });

  it("asks nobody but the sandbox", async () => {
    await openSdk("lark")(sampleId);

    expect(hosts.names()).toEqual(["127.0.0.1"]);
  });
});

const notFound = { code: 900404, msg: "task not found (emulator)" };

describe("the service and the official Feishu SDK", () => {
  it.each(["lark", "lark-departments"])(
    "see the same in every task of %s: status, counters, times, items",
    async (account) => {
      const held = heldIn(account);
      const ask = openSdk(account);
      const answers = await Promise.all(held.map(({ upstreamId }) => ask(upstreamId)));

      const { body } = await service.query(
        `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { problem { code } task {
        status rawStatus { value } createdAt finishedAt progress { percent total succeeded failed }
        ... on FeishuContactTask { kind items(first: 1000) { totalCount nodes {
          code message action name
          ... on FeishuUserItem { email mobile userId openId departmentIds }
          ... on FeishuDepartmentItem { departmentId parentDepartmentId chatId }
        } } }
      } } } }`,
        { ids: held.map(({ upstreamId }) => `${account}:${upstreamId}`) },
      );

      expect(body.errors).toBeUndefined();
      expect(body.data.batchTasks.lookups).toEqual(
        answers.map((answer, place) => ({
          problem: null,
          task: { status: statusOf(held[place]), ...taskToldBy((answer as { readonly data: ImportData }).data) },
        })),
      );
    },
  );

  it("compare tasks in every stage of an import", () => {
    const seen = new Set(heldIn("lark").map(({ rawStatus }) => rawStatus));

    expect([...seen]).toEqual(expect.arrayContaining(["0", "8", "9", "10"]));
    expect(seen.size).toBeGreaterThan(6);
  });

  it("are refused for the same reasons, each in its own words", async () => {
    const wrong = await startService({ sandbox, cache: nothingKept, now, accounts: { lark: { appSecret: "wrong" } } });
    // By a clock that stands still, a throttled account stays so.
    const throttled = await startService({ sandbox, cache: nothingKept, now });

    const problems = {
      unknownTask: await problemOf(unknownId),
      wrongSecret: await problemOf(sampleId, wrong),
      missingScope: await problemUnder({ scopeGranted: false }),
      throttled: await problemUnder({ rateLimit: "on", rateLimitPerMinute: 0 }, throttled),
      refusedTokens: await problemUnder({ refuseTokens: true }),
    };
    await Promise.all([wrong.close(), throttled.close()]);

    expect(problems).toEqual({
      unknownTask: "NOT_FOUND",
      wrongSecret: "AUTH_FAILED",
      missingScope: "FORBIDDEN",
      throttled: "RATE_LIMITED",
      refusedTokens: "AUTH_FAILED",
    });
  });

  it("part ways after a revocation: the service fetches a new token", async () => {
    const ask = openSdk("lark");
    const query = `{ batchTask(id: "lark:${sampleId}") { rawStatus { value } } }`;
    await Promise.all([ask(sampleId), service.query(query)]);
    feishu().act("revokeTokens");

    const refusal = await refusalOf(ask(sampleId));
    const { body } = await service.query(query);

    expect(refusal).toMatchObject({ data: { code: 99991663 } });
    expect(body).toEqual({ data: { batchTask: { rawStatus: { value: "8" } } } });
  });
});

async function problemUnder(switches: Readonly<Record<string, unknown>>, asked = service): Promise<unknown> {
  feishu().set(switches);
  const code = await problemOf(sampleId, asked);
  await sandbox.reset();
  return code;
}

function statusOf(held: HeldTask | undefined): string | undefined {
  return held && expectedTask(held).status;
}

/** The answer that the SDK was given, in the graph's words. */
function taskToldBy(data: ImportData): Record<string, unknown> {
  return {
    rawStatus: { value: String(data.status) },
    createdAt: instant(data.create_time),
    finishedAt: instant(data.finish_time),
    progress: {
      percent: data.progress,
      total: data.total_num,
      succeeded: data.success_num,
      failed: data.fail_num,
    },
    kind: data.type.toUpperCase(),
    items: data.task_info
      ? { totalCount: data.task_info.length, nodes: data.task_info.map((item) => itemToldBy(item, data.type)) }
      : null,
  };
}

/** What an item does not say is null in the graph. */
function itemToldBy(item: ImportItem, type: string): Record<string, unknown> {
  const action = item.action === undefined ? null : item.action === 1 ? "ADD" : "UPDATE";
  const common = { code: item.code, message: item.msg, action, name: item.name };
  if (type === "add_department") {
    const { department_id: departmentId, parent_id: parentDepartmentId, chat_id: chatId = null } = item;
    return { ...common, departmentId, parentDepartmentId, chatId };
  }
  const { email = null, mobile, user_id: userId, open_id: openId = null, departments: departmentIds } = item;
  return { ...common, email, mobile, userId, openId, departmentIds };
}

/** From seconds since 1970. */
function instant(epochSeconds: number | undefined): string | null {
  return epochSeconds ? new Date(epochSeconds * 1000).toISOString() : null;
}
