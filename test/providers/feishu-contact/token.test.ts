import { afterEach, describe, expect, it } from "vitest";
import { feishuContact } from "../../../src/providers/feishu-contact/index.ts";
import { Secret } from "../../../src/providers/shared/secret.ts";
import { failureOf, stateOf, taskCall, testStartAt } from "../../support/client-tools.ts";
import type { FarAnswer } from "../../support/far-side.ts";
import { type FeishuFarSideOptions, openFeishu, taskAnswer, tokenAnswer } from "./feishu-far-side.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function open(options: FeishuFarSideOptions = {}) {
  const feishu = await openFeishu(options);
  cleanups.push(feishu.close);
  const ask = (id = "a", rest = {}) =>
    feishu.client.fetchTasks(taskCall([id], {}, { deadlineAt: feishu.tools.now() + 700, ...rest }));
  return { ...feishu, ask };
}

/** Lets what goes on in the background come to its end. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 50));

const minutes = (count: number) => count * 60_000;
const refused: FarAnswer = { status: 400, body: { code: 99991663, msg: "invalid access token" } };
const running = taskAnswer({ status: 1 });

describe("tenant token", () => {
  it("is fetched once for all waiters, with the application's credentials", async () => {
    const { ask, tokenCalls, taskCalls } = await open();

    await Promise.all(Array.from({ length: 30 }, (_, index) => ask(`task${index}`)));

    expect(tokenCalls()).toHaveLength(1);
    expect(taskCalls()).toHaveLength(30);
    expect(tokenCalls()[0]).toMatchObject({ method: "POST", path: "/open-apis/auth/v3/tenant_access_token/internal" });
    expect(JSON.parse(tokenCalls()[0]?.body ?? "")).toEqual({ app_id: "cli_1", app_secret: "s3cret" });
  });

  it("is fetched even when a single call may be under way", async () => {
    const { ask } = await open({ tools: { maxConcurrency: 1 } });

    const answers = await Promise.all([ask("a"), ask("b")]);

    expect(answers.map(({ kind }) => kind)).toEqual(["answered", "answered"]);
  });

  it("is shared by the accounts of one application", async () => {
    const { ask, tools, account, tokenCalls } = await open();
    const sibling = feishuContact.createClient({ ...account, aliases: ["other"] }, tools);

    await ask();
    await sibling.fetchTasks(taskCall(["b"]));

    expect(tokenCalls()).toHaveLength(1);
  });

  it("is not shared with an account that has another secret for the application", async () => {
    const { ask, tools, account, tokenCalls } = await open({
      token: (call) => (call === 1 ? { body: { code: 10014 } } : tokenAnswer("t-1")),
    });
    const sibling = feishuContact.createClient({ ...account, appSecret: new Secret("another") }, tools);

    const refused = failureOf(await sibling.fetchTasks(taskCall(["b"])));
    const answer = await ask();

    expect(refused.problem.code).toBe("AUTH_FAILED");
    expect(stateOf(answer, "a").status).toBe("RUNNING");
    expect(tokenCalls().map(({ body }) => JSON.parse(body).app_secret)).toEqual(["another", "s3cret"]);
  });

  it("serves until less than 25 minutes are left, then is renewed in the background", async () => {
    const { ask, tools, tokenCalls, taskCalls } = await open();
    await ask();

    tools.advance(minutes(95) - 1);
    await ask();
    await settle();
    expect(tokenCalls()).toHaveLength(1);

    tools.advance(1);
    await ask();
    await settle();
    await ask();

    expect(tokenCalls()).toHaveLength(2);
    expect(taskCalls().map(({ headers }) => headers.authorization)).toEqual([
      "Bearer t-1",
      "Bearer t-1",
      "Bearer t-1",
      "Bearer t-2",
    ]);
  });

  it("is never renewed while 30 minutes or more are left, however the jitter falls", async () => {
    const { ask, tools, tokenCalls } = await open({ tools: { random: () => 0.999999 } });
    await ask();

    tools.advance(minutes(90));
    await ask();
    await settle();
    expect(tokenCalls()).toHaveLength(1);

    tools.advance(minutes(1));
    await ask();
    await settle();
    expect(tokenCalls()).toHaveLength(2);
  });

  it("counts its remaining life when the same one is handed out again", async () => {
    const { ask, tools, tokenCalls } = await open({ token: () => tokenAnswer("t-same", 4567) });
    await ask();

    tools.advance(4567_000 - minutes(25) - 1);
    await ask();
    await settle();

    expect(tokenCalls()).toHaveLength(1);
  });

  it("is not renewed with every call when it is short-lived from the start", async () => {
    const { ask, tokenCalls } = await open({ token: (call) => tokenAnswer(`t-${call}`, 60) });

    await ask();
    await ask();
    await settle();

    expect(tokenCalls()).toHaveLength(1);
  });

  it("goes on serving while its renewal fails", async () => {
    const { ask, tools, tokenCalls } = await open({
      token: (call) => (call === 1 ? tokenAnswer("t-1") : { status: 503 }),
    });
    await ask();

    tools.advance(minutes(100));
    const during = await ask();
    await settle();
    const after = await ask();

    expect(stateOf(during, "a").status).toBe("RUNNING");
    expect(stateOf(after, "a").status).toBe("RUNNING");
    expect(tokenCalls().length).toBeGreaterThan(1);
  });

  it("whose end is not told is used once", async () => {
    const { ask, tokenCalls } = await open({ token: (call) => tokenAnswer(`t-${call}`, null) });

    await ask();
    await ask();

    expect(tokenCalls()).toHaveLength(2);
  });
});

describe("refused tenant token", () => {
  it("is dropped and fetched anew, and the call repeated once", async () => {
    const { ask, tokenCalls, taskCalls } = await open({ task: (token) => (token === "t-1" ? refused : running) });

    const answer = await ask();

    expect(stateOf(answer, "a").status).toBe("RUNNING");
    expect(tokenCalls()).toHaveLength(2);
    expect(taskCalls()).toHaveLength(2);
  });

  it("is fetched anew once for all calls that it was refused to", async () => {
    const { ask, tokenCalls } = await open({ task: (token) => (token === "t-1" ? refused : running) });

    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(`task${index}`)));

    expect(answers.every(({ kind }) => kind === "answered")).toBe(true);
    expect(tokenCalls()).toHaveLength(2);
  });

  it("is AUTH_FAILED when the new one is refused, too", async () => {
    const { ask, tokenCalls, taskCalls } = await open({ task: () => refused });

    const failed = failureOf(await ask());

    expect(failed.problem).toMatchObject({ code: "AUTH_FAILED", retryable: false, upstreamCode: "99991663" });
    expect(tokenCalls()).toHaveLength(2);
    expect(taskCalls()).toHaveLength(2);
  });

  it("that is handed out again is AUTH_FAILED without a repeat, and nobody asks with it for a while", async () => {
    const { ask, tools, tokenCalls, taskCalls } = await open({
      token: () => tokenAnswer("t-same"),
      task: () => refused,
    });

    const first = failureOf(await ask());
    const second = failureOf(await ask());
    expect(first.problem).toMatchObject({ code: "AUTH_FAILED", retryable: false });
    expect(second.problem.code).toBe("AUTH_FAILED");
    expect([tokenCalls().length, taskCalls().length]).toEqual([2, 1]);

    tools.advance(10_000);
    await ask();
    expect(taskCalls()).toHaveLength(2);
  });
});

describe("token endpoint", () => {
  it.each([10003, 10013, 10014, 10015, 99991543])(
    "with code %i is AUTH_FAILED and left alone for 60 s",
    async (code) => {
      const { ask, tools, tokenCalls, taskCalls } = await open({ token: () => ({ body: { code, msg: "s3cret" } }) });

      const first = failureOf(await ask());
      tools.advance(59_999);
      const second = failureOf(await ask());
      expect(first.problem).toMatchObject({ code: "AUTH_FAILED", retryable: false, upstreamCode: String(code) });
      expect(second.problem.code).toBe("AUTH_FAILED");
      expect(tokenCalls()).toHaveLength(1);

      tools.advance(1);
      await ask();
      expect(tokenCalls()).toHaveLength(2);
      expect(taskCalls()).toHaveLength(0);
    },
  );

  it.each<[string, FarAnswer | "reset", string, boolean, number]>([
    ["HTTP 503", { status: 503 }, "AUTH_FAILED", true, 3],
    ["a cut connection", "reset", "AUTH_FAILED", true, 3],
    ["HTTP 401", { status: 401 }, "AUTH_FAILED", false, 1],
    ["code 99991662", { body: { code: 99991662 } }, "FORBIDDEN", false, 1],
    ["an unlisted code", { body: { code: 12345 } }, "UPSTREAM_ERROR", false, 1],
    ["a code that every object has", { body: { code: "toString" } }, "UPSTREAM_ERROR", false, 1],
    ["no JSON", { body: "<html>" }, "UPSTREAM_MALFORMED", true, 2],
    ["no token", { body: { code: 0, expire: 7200 } }, "UPSTREAM_MALFORMED", true, 2],
    ["a token under data", { body: { code: 0, data: { tenant_access_token: "t-1" } } }, "UPSTREAM_MALFORMED", true, 2],
  ])("that answers %s is told by code, retryable and calls made", async (_title, answer, code, retryable, calls) => {
    const { ask, tokenCalls, taskCalls } = await open({ token: () => answer });

    const failed = failureOf(await ask());

    expect(failed.problem).toMatchObject({ code, retryable });
    expect(tokenCalls()).toHaveLength(calls);
    expect(taskCalls()).toHaveLength(0);
  });

  it("is not hammered while it is down: one fetch, then nothing for a second", async () => {
    const { ask, tools, tokenCalls } = await open({ token: () => ({ status: 503 }) });
    await ask();

    await Promise.all([ask("b"), ask("c")]);
    expect(tokenCalls()).toHaveLength(3);

    tools.advance(1_000);
    await ask();
    expect(tokenCalls()).toHaveLength(6);
  });

  it("that is slow costs a waiter that leaves a TIMEOUT, and the others nothing", async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const leaving = new AbortController();
    const { ask, tokenCalls, taskCalls } = await open({
      token: async () => {
        await released;
        return tokenAnswer("t-1");
      },
    });
    const left = ask("a", { signal: leaving.signal });
    const stayed = ask("b", { deadlineAt: testStartAt + 8_000 });

    leaving.abort();
    const leftAnswer = failureOf(await left);
    release();
    const stayedAnswer = await stayed;

    expect(leftAnswer.problem).toMatchObject({ code: "TIMEOUT", retryable: true });
    expect(stateOf(stayedAnswer, "b").status).toBe("RUNNING");
    expect([tokenCalls().length, taskCalls().length]).toEqual([1, 1]);
  });

  it("that is slow costs a waiter whose time is up a TIMEOUT", async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { ask, taskCalls } = await open({
      token: async () => {
        await released;
        return tokenAnswer("t-1");
      },
    });

    const answer = failureOf(await ask("a", { deadlineAt: testStartAt + 100 }));
    release();

    expect(answer.problem.code).toBe("TIMEOUT");
    expect(taskCalls()).toHaveLength(0);
  });
});
