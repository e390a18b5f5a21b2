import { afterEach, describe, expect, it } from "vitest";
import { eiotclub } from "../../../src/providers/eiotclub/index.ts";
import type { EiotclubTaskState } from "../../../src/providers/eiotclub/normalize.ts";
import { signSortedParameters } from "../../../src/signing/sorted-parameters.ts";
import { createTestTools, failureOf, problemOf, stateOf, taskCall, testStartAt } from "../../support/client-tools.ts";
import { type Answering, type FarAnswer, startFarSide } from "../../support/far-side.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function openAccount(answering: Answering, options: Record<string, unknown> = {}) {
  const farSide = await startFarSide(answering);
  const tools = createTestTools();
  cleanups.push(tools.close, farSide.close);
  const account = eiotclub.accountSchema.parse({
    provider: "eiotclub",
    baseUrl: `${farSide.baseUrl}/`,
    appKey: "000001",
    secret: "a1b1c1d1",
    ...options,
  });
  return { asked: farSide.asked, tools, client: eiotclub.createClient(account, tools) };
}

const success = (data: unknown): FarAnswer => ({ body: { code: "200", data } });

describe("eiotclub call", () => {
  it("asks for all ids in one signed POST", async () => {
    const { asked, client } = await openAccount(() => success([]));

    await client.fetchTasks(taskCall(["101", "102", "103"]));

    const { method, path, headers, body } = asked[0] ?? {};
    const { sign, ...signed } = JSON.parse(body ?? "");
    const scheme = { secretJoiner: "&secret=", digest: "sha1", letterCase: "upper", dropsEmpty: true } as const;
    expect(asked).toHaveLength(1);
    expect(`${method} ${path}`).toBe("POST /api/v3/task/query");
    expect(headers?.["content-type"]).toMatch(/^application\/json/);
    expect(signed).toEqual({ appkey: "000001", timestamp: testStartAt / 1000, nonce: 10000, ids: "101,102,103" });
    expect(sign).toBe(signSortedParameters(signed, "a1b1c1d1", scheme));
    expect(body).not.toContain("a1b1c1d1");
  });

  it("does not repeat a nonce within a second, and signs each attempt anew", async () => {
    const { asked, client } = await openAccount(() => ({ status: 500 }));

    await client.fetchTasks(taskCall(["1"]));

    const bodies = asked.map(({ body }) => JSON.parse(body));
    expect(new Set(bodies.map(({ nonce }) => nonce)).size).toBe(3);
    expect(new Set(bodies.map(({ sign }) => sign)).size).toBe(3);
  });

  it("signs once more with the server's time when the clocks differ, and not a third time", async () => {
    const serverAt = testStartAt + 10 * 60_000;
    const date = new Date(serverAt).toUTCString();
    const { asked, client } = await openAccount(() => ({ headers: { date }, body: { code: "401" } }));

    const answer = await client.fetchTasks(taskCall(["1"]));

    expect(asked.map(({ body }) => JSON.parse(body).timestamp)).toEqual([testStartAt / 1000, serverAt / 1000]);
    expect(failureOf(answer).problem.code).toBe("AUTH_FAILED");
  });

  it("signs once more after a plain HTTP 401, too", async () => {
    const date = new Date(testStartAt - 61_000).toUTCString();
    const { asked, client } = await openAccount(() => ({ status: 401, headers: { date } }));

    await client.fetchTasks(taskCall(["1"]));

    expect(asked).toHaveLength(2);
  });

  it("signs every chunk once more that was signed before the clock was corrected", async () => {
    const serverAt = testStartAt + 3_600_000;
    const { asked, client } = await openAccount(({ body }) => {
      const { timestamp, ids } = JSON.parse(body);
      const headers = { date: new Date(serverAt).toUTCString() };
      const isRefused = timestamp * 1000 !== serverAt;
      return { headers, body: isRefused ? { code: "401" } : { code: "200", data: [{ id: ids, status: "1" }] } };
    });

    const ids = ["1", "2", "3"];
    const answers = await Promise.all(ids.map((id) => client.fetchTasks(taskCall([id]))));

    expect(answers.map((answer, index) => stateOf(answer, ids[index] ?? "").status)).toEqual(Array(3).fill("RUNNING"));
    expect(asked).toHaveLength(6);
  });

  it("does not sign again for a date that no clock is off by", async () => {
    const { asked, client } = await openAccount(() => ({
      headers: { date: "Sat, 13 Sep 275760 00:00:00 GMT" },
      body: { code: "401" },
    }));

    await client.fetchTasks(taskCall(["1"]));
    await client.fetchTasks(taskCall(["1"]));

    expect(asked.map(({ body }) => JSON.parse(body).timestamp)).toEqual(Array(2).fill(testStartAt / 1000));
  });

  it("is signed once more when the key pair was good: another replica may have drawn the same nonce", async () => {
    const usedByAnother = 10_001;
    const { asked, client } = await openAccount(({ body }) => {
      const { nonce, ids } = JSON.parse(body);
      return nonce === usedByAnother ? { body: { code: "401" } } : success([{ id: ids, status: "1" }]);
    });

    await client.fetchTasks(taskCall(["1"]));
    const answer = await client.fetchTasks(taskCall(["2"]));

    const nonces = asked.map(({ body }) => JSON.parse(body).nonce);
    expect(stateOf(answer, "2").status).toBe("RUNNING");
    expect(nonces).toEqual([10_000, usedByAnother, 10_002]);
  });

  it("is not signed again by a key pair that was refused twice, until it is good again", async () => {
    let isGood = true;
    const { asked, client } = await openAccount(({ body }) =>
      isGood ? success([{ id: JSON.parse(body).ids, status: "1" }]) : { body: { code: "401" } },
    );
    const callsFor = async (): Promise<number> => {
      const before = asked.length;
      await client.fetchTasks(taskCall(["1"]));
      return asked.length - before;
    };

    const calls = [await callsFor()];
    isGood = false;
    calls.push(await callsFor(), await callsFor(), await callsFor());
    isGood = true;
    calls.push(await callsFor());
    isGood = false;
    calls.push(await callsFor(), await callsFor());

    expect(calls).toEqual([1, 2, 1, 1, 1, 2, 1]);
  });

  it("stops at a refused signature when the clocks agree", async () => {
    const date = new Date(testStartAt - 59_000).toUTCString();
    const { asked, client } = await openAccount(() => ({ headers: { date }, body: { code: "401" } }));

    await client.fetchTasks(taskCall(["1"]));

    expect(asked).toHaveLength(1);
  });
});

describe("eiotclub answer", () => {
  it("is assigned by id: order, repeats, numbers and foreign rows make no difference", async () => {
    const rows = [
      { id: 3, status: -2, result: "no such card" },
      { id: "9", status: "2", result: "foreign" },
      { id: "1", status: " 2 ", result: "" },
      { id: "1", status: "-2", result: "second row" },
      "not a row",
    ];
    const { client } = await openAccount(() => success(rows));

    const answer = await client.fetchTasks(taskCall(["1", "3"]));

    expect(stateOf(answer, "1").status).toBe("SUCCEEDED");
    expect(stateOf<EiotclubTaskState>(answer, "3")).toMatchObject({ status: "FAILED", result: "no such card" });
    expect(answer).toMatchObject({ foreignRows: 2, observedAt: testStartAt });
  });

  it("keeps every digit of a long id", async () => {
    const body = '{"code":"200","data":[{"id":9007199254740993,"status":"1"}]}';
    const { client } = await openAccount(() => ({ body }));

    const answer = await client.fetchTasks(taskCall(["9007199254740993", "9007199254740992"]));

    expect(stateOf(answer, "9007199254740993").status).toBe("RUNNING");
    expect(problemOf(answer, "9007199254740992").code).toBe("NOT_RETURNED");
  });

  it("that leaves an id out is a problem of that id alone", async () => {
    const { client } = await openAccount(() => success([{ id: "1", status: "1", result: null }]));

    const answer = await client.fetchTasks(taskCall(["1", "2"]));

    expect(stateOf<EiotclubTaskState>(answer, "1")).toMatchObject({ status: "RUNNING", result: null });
    expect(problemOf(answer, "2")).toMatchObject({ code: "NOT_RETURNED", retryable: true });
  });

  it.each([[undefined], [null], [""], [{}], [true]])("row with status %j is a problem of its id", async (status) => {
    const { client } = await openAccount(() =>
      success([
        { id: "1", status },
        { id: "2", status: "0" },
      ]),
    );

    const answer = await client.fetchTasks(taskCall(["1", "2"]));

    expect(problemOf(answer, "1").code).toBe("UPSTREAM_MALFORMED");
    expect(stateOf(answer, "2").status).toBe("PENDING");
  });

  it("succeeds by the account's own success codes, numbers included", async () => {
    const body = { code: 10000, message: "Success", data: [{ id: "1", status: "1" }] };
    const { client } = await openAccount(() => ({ body }), { successCodes: ["200", "10000"] });

    expect(stateOf(await client.fetchTasks(taskCall(["1"])), "1").status).toBe("RUNNING");
  });
});

describe("eiotclub refusal", () => {
  const html = "<html>Bad gateway</html>";

  it.each<[string, FarAnswer | "reset", string, boolean, number, boolean]>([
    ["data that is no list", { body: { code: "200", data: {} } }, "UPSTREAM_MALFORMED", true, 2, false],
    ["code 401", { body: { code: "401" } }, "AUTH_FAILED", false, 1, false],
    ["code 403", { body: { code: 403 } }, "FORBIDDEN", false, 1, false],
    ["code 429", { body: { code: "429" } }, "RATE_LIMITED", true, 1, false],
    ["code 500", { body: { code: "500" } }, "UPSTREAM_ERROR", true, 3, false],
    ["any other code", { body: { code: "10000", data: [] } }, "UPSTREAM_ERROR", false, 1, true],
    ["no code", { body: { data: [] } }, "UPSTREAM_MALFORMED", true, 2, false],
    ["code null", { body: { code: null } }, "UPSTREAM_MALFORMED", true, 2, false],
    ["no JSON", { body: html }, "UPSTREAM_MALFORMED", true, 2, false],
    ["an empty body", {}, "UPSTREAM_MALFORMED", true, 2, false],
    ["HTTP 401", { status: 401 }, "AUTH_FAILED", false, 1, false],
    ["HTTP 403", { status: 403, body: html }, "FORBIDDEN", false, 1, false],
    ["HTTP 404", { status: 404, body: html }, "UPSTREAM_ERROR", false, 1, false],
    ["HTTP 418", { status: 418 }, "UPSTREAM_ERROR", false, 1, false],
    ["HTTP 408", { status: 408 }, "TIMEOUT", true, 3, false],
    ["HTTP 504", { status: 504 }, "TIMEOUT", true, 3, false],
    ["HTTP 429", { status: 429 }, "RATE_LIMITED", true, 1, false],
    ["HTTP 500", { status: 500, body: html }, "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["HTTP 503", { status: 503, body: { code: "unlisted" } }, "UPSTREAM_UNAVAILABLE", true, 3, false],
    ["a known code under HTTP 500", { status: 500, body: { code: "403" } }, "FORBIDDEN", false, 1, false],
    ["a cut connection", "reset", "UPSTREAM_UNAVAILABLE", true, 3, false],
  ])(
    "of %s is told by code, retryable, calls made and divisible",
    async (_title, answer, code, retryable, calls, divisible) => {
      const { asked, client } = await openAccount(() => answer);

      const failed = failureOf(await client.fetchTasks(taskCall(["1", "2"])));

      expect(failed).toMatchObject({ problem: { code, retryable }, divisible });
      expect(asked).toHaveLength(calls);
    },
  );

  it("names the refused code and says nothing of the upstream's text", async () => {
    const { client } = await openAccount(() => ({ body: { code: "1007", message: "secret a1b1c1d1 is wrong" } }));

    const { problem } = failureOf(await client.fetchTasks(taskCall(["1"])));

    expect(problem.upstreamCode).toBe("1007");
    expect(problem.message).not.toContain("a1b1c1d1");
  });

  it.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
    "with a code that every object has, %j, is one that no table knows",
    async (code) => {
      const { client } = await openAccount(() => ({ body: { code } }), { errorCodes: { "1007": "FORBIDDEN" } });

      const { problem } = failureOf(await client.fetchTasks(taskCall(["1"])));

      expect(problem).toMatchObject({ code: "UPSTREAM_ERROR", retryable: false, upstreamCode: code });
    },
  );

  it("means what the account says it means", async () => {
    const { client } = await openAccount(() => ({ body: { code: "1007" } }), { errorCodes: { "1007": "FORBIDDEN" } });

    expect(failureOf(await client.fetchTasks(taskCall(["1"]))).problem.code).toBe("FORBIDDEN");
  });

  it("carries the wait of a Retry-After", async () => {
    const { client } = await openAccount(() => ({ status: 429, headers: { "retry-after": "30" } }));

    const { problem } = failureOf(await client.fetchTasks(taskCall(["1"])));

    expect(problem.retryAfterAt).toBe(testStartAt + 30_000);
  });
});

describe("eiotclub task id", () => {
  it.each(["884213", "a", "A-b_9", "x".repeat(64)])("%j is accepted as given", (text) => {
    expect(eiotclub.parseUpstreamId(text)).toEqual({ upstreamId: text, scope: "", localId: text });
  });

  it.each(["", "1,2", "a/b", "..", " 1", "1\n", "x".repeat(65), "编号"])("%j is refused", (text) => {
    expect(eiotclub.parseUpstreamId(text)).toBeNull();
  });
});
