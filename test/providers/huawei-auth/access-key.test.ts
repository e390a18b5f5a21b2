import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/providers/shared/secret.ts";
import { signSdkHmacSha256 } from "../../../src/signing/sdk-hmac-sha256.ts";
import { testStartAt } from "../../support/client-tools.ts";
import type { FarAnswer } from "../../support/far-side.ts";
import { accessKey, createCaller, limitsOf, openTools, openUpstream, problemOf, projectId } from "./call.ts";

const minuteMs = 60_000;

const refusedSignature: FarAnswer = {
  status: 401,
  body: { error_code: "APIGW.0301", error_msg: "Incorrect IAM authentication information: verify aksk signature fail" },
};

/** With the server's own time. */
const refusedAt = (serverAt: number): FarAnswer => ({
  ...refusedSignature,
  headers: { date: new Date(serverAt).toUTCString() },
});

const sdkDate = (epochMs: number): string => new Date(epochMs).toISOString().replace(/[-:]|\.\d{3}/g, "");

describe("an account with an access key", () => {
  it("signs what it sends, project and security token included", async () => {
    const tools = openTools();
    const service = await openUpstream(() => ({}));
    const auth = { ...accessKey, securityToken: new Secret("STS-TOKEN") };

    await createCaller(auth, service, tools)(limitsOf(tools));

    const headers = { "x-project-id": projectId, "x-security-token": "STS-TOKEN" };
    const keys = { accessKey: "AK0001", secretKey: "SECRET-KEY-0001" };
    const request = { method: "GET", url: `${service.baseUrl}/v1/things`, headers };
    expect(service.asked[0]?.headers).toMatchObject(signSdkHmacSha256(request, keys, testStartAt));
    expect(JSON.stringify(service.asked)).not.toContain("SECRET-KEY-0001");
  });

  it("signs a retry for another reason anew", async () => {
    const tools = openTools();
    const service = await openUpstream((_request, before) => {
      tools.advance(1_000);
      return before === 0 ? { status: 500, body: { error_code: "APIGW.0601" } } : {};
    });

    await createCaller(accessKey, service, tools)(limitsOf(tools));

    const dates = service.asked.map(({ headers }) => headers["x-sdk-date"]);
    expect(dates).toEqual([sdkDate(testStartAt), sdkDate(testStartAt + 1_000)]);
  });

  it("is AUTH_FAILED after exactly one refused signature, and nobody signs with the key for 60 s", async () => {
    const tools = openTools();
    const service = await openUpstream(() => refusedSignature);
    const one = createCaller(accessKey, service, tools);
    const other = createCaller(accessKey, service, tools);

    const first = await one(limitsOf(tools));
    tools.advance(59_999);
    const held = await other(limitsOf(tools));
    const sentWhileHeld = service.asked.length;
    tools.advance(1);
    await other(limitsOf(tools));

    expect(problemOf(first)).toMatchObject({ code: "AUTH_FAILED", retryable: false, upstreamCode: "APIGW.0301" });
    expect(held).toEqual(first);
    expect(sentWhileHeld).toBe(1);
    expect(service.asked).toHaveLength(2);
  });

  it("costs four refused signatures at most when many calls of many accounts begin together", async () => {
    const tools = openTools(32);
    const services = [await openUpstream(() => refusedSignature), await openUpstream(() => refusedSignature)];
    const calls = services.flatMap((service) => [
      createCaller(accessKey, service, tools),
      createCaller(accessKey, service, tools),
    ]);

    const answers = await Promise.all(
      Array.from({ length: 16 }, () => calls.map((call) => call(limitsOf(tools)))).flat(),
    );

    expect(new Set(answers.map((answer) => problemOf(answer)?.code))).toEqual(new Set(["AUTH_FAILED"]));
    expect(services.map(({ asked }) => asked.length)).toEqual([2, 2]);
  });

  it("lets one upstream's silence keep no call of another waiting", async () => {
    const tools = openTools(32);
    const silent = await openUpstream(() => new Promise(() => undefined));
    const healthy = await openUpstream(() => ({ status: 200, body: {} }));
    const callSilent = createCaller(accessKey, silent, tools);
    for (let calls = 0; calls < 10; calls += 1)
      void callSilent({ ...limitsOf(tools), signal: AbortSignal.timeout(500) });
    await expect.poll(() => silent.asked.length).toBe(2);

    await createCaller(accessKey, healthy, tools)(limitsOf(tools));

    expect(healthy.asked).toHaveLength(1);
    expect(silent.asked).toHaveLength(2);
  });

  it("is tried with one signature at a time once it was refused", async () => {
    const tools = openTools();
    const service = await openUpstream(() => refusedSignature);
    const call = createCaller(accessKey, service, tools);
    await call(limitsOf(tools));
    tools.advance(minuteMs);

    await Promise.all(Array.from({ length: 16 }, () => call(limitsOf(tools))));

    expect(service.asked).toHaveLength(2);
  });

  it("is not locked by a wrong key under a wrong clock: five refused signatures at most", async () => {
    const tools = openTools(32);
    const service = await openUpstream(() => refusedAt(tools.now() + 20 * minuteMs));
    const call = createCaller(accessKey, service, tools);

    const answers = await Promise.all(Array.from({ length: 16 }, () => call(limitsOf(tools))));

    expect(new Set(answers.map((answer) => problemOf(answer)?.code))).toEqual(new Set(["AUTH_FAILED"]));
    expect(service.asked.length).toBeLessThanOrEqual(5);
  });

  it("does not speak for an account that has the right secret for the same key", async () => {
    const tools = openTools();
    const refusing = await openUpstream(() => refusedSignature);
    const service = await openUpstream(() => ({}));
    const wrong = createCaller({ ...accessKey, secretKey: new Secret("SECRET-KEY-0002") }, refusing, tools);
    const right = createCaller(accessKey, service, tools);

    const refused = await wrong(limitsOf(tools));
    const answer = await right(limitsOf(tools));

    expect(problemOf(refused)?.code).toBe("AUTH_FAILED");
    expect(answer).toBe(200);
  });

  it("gets its calls answered although one of the first is never answered", async () => {
    const tools = openTools();
    const service = await openUpstream((_request, before) => (before === 0 ? new Promise(() => undefined) : {}));
    const call = createCaller(accessKey, service, tools);
    const leaving = new AbortController();
    const silent = call({ ...limitsOf(tools), signal: leaving.signal });
    await expect.poll(() => service.asked.length).toBe(1);

    const answers = await Promise.all(Array.from({ length: 12 }, () => call(limitsOf(tools))));
    leaving.abort();

    expect(answers).toEqual(Array(12).fill(200));
    expect(problemOf(await silent)?.code).toBe("TIMEOUT");
  });

  it.each<[string, FarAnswer | "reset"]>([
    ["a cut connection", "reset"],
    ["HTTP 500", { status: 500 }],
    ["HTTP 429", { status: 429, headers: { "retry-after": "60" } }],
    ["a refusal by the service", { status: 401, body: { error_code: "TEST.0013" } }],
  ])("lets the next call go after %s, though the key is not proven", async (_case, answer) => {
    const tools = openTools();
    const service = await openUpstream((_request, before) => (before < 4 ? answer : {}));
    const call = createCaller(accessKey, service, tools);

    const answers = await Promise.all(Array.from({ length: 12 }, () => call(limitsOf(tools))));

    expect(answers.filter((status) => status === 200).length).toBeGreaterThanOrEqual(8);
  });

  it("does not believe a date that no clock is off by, and survives it", async () => {
    const tools = openTools();
    const service = await openUpstream(() => ({
      ...refusedSignature,
      headers: { date: "Sat, 13 Sep 275760 00:00:00 GMT" },
    }));
    const call = createCaller(accessKey, service, tools);

    const first = await call(limitsOf(tools));
    tools.advance(minuteMs);
    const second = await call(limitsOf(tools));

    expect([problemOf(first)?.code, problemOf(second)?.code]).toEqual(["AUTH_FAILED", "AUTH_FAILED"]);
    expect(service.asked.map(({ headers }) => headers["x-sdk-date"])).toEqual([
      sdkDate(testStartAt),
      sdkDate(testStartAt + minuteMs),
    ]);
  });

  it("makes calls side by side as soon as one signature was accepted", async () => {
    const tools = openTools();
    let underWay = 0;
    let mostUnderWay = 0;
    const service = await openUpstream(async () => {
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      await new Promise((resolve) => setTimeout(resolve, 30));
      underWay -= 1;
      return {};
    });
    const call = createCaller(accessKey, service, tools);

    const answers = await Promise.all(Array.from({ length: 16 }, () => call(limitsOf(tools))));

    expect(answers).toEqual(Array(16).fill(200));
    expect(mostUnderWay).toBe(8);
  });

  it("does not keep a call waiting that nobody waits for", async () => {
    const tools = openTools();
    const service = await openUpstream(() => new Promise(() => undefined));
    const call = createCaller(accessKey, service, tools);
    const leaving = new AbortController();
    for (let calls = 0; calls < 2; calls += 1) void call({ ...limitsOf(tools), signal: AbortSignal.timeout(500) });
    await expect.poll(() => service.asked.length).toBe(2);

    const waiting = call({ ...limitsOf(tools), signal: leaving.signal });
    await new Promise((resolve) => setTimeout(resolve, 20));
    leaving.abort();

    expect(problemOf(await waiting)?.code).toBe("TIMEOUT");
    expect(service.asked).toHaveLength(2);
  });

  it.each([
    ["behind", 6 * minuteMs],
    ["ahead", -6 * minuteMs],
  ])("signs once more with the server's time when our clock is %s", async (_case, offMs) => {
    const tools = openTools();
    const serverNow = (): number => tools.now() + offMs;
    const service = await openUpstream(({ headers }) =>
      headers["x-sdk-date"] === sdkDate(serverNow()) ? {} : refusedAt(serverNow()),
    );
    const call = createCaller(accessKey, service, tools);

    const answers = await Promise.all(Array.from({ length: 5 }, () => call(limitsOf(tools))));

    expect(answers).toEqual(Array(5).fill(200));
    expect(service.asked.length).toBeLessThanOrEqual(5 + 4);
  });

  it("does not take 5 minutes for the reason of a refusal", async () => {
    const tools = openTools();
    const service = await openUpstream(() => refusedAt(tools.now() + 5 * minuteMs));

    const answer = await createCaller(accessKey, service, tools)(limitsOf(tools));

    expect(problemOf(answer)?.code).toBe("AUTH_FAILED");
    expect(service.asked).toHaveLength(1);
  });

  it("holds the key when the corrected time does not help", async () => {
    const tools = openTools();
    const service = await openUpstream(() => refusedAt(tools.now() + 20 * minuteMs));
    const call = createCaller(accessKey, service, tools);

    await call(limitsOf(tools));
    await call(limitsOf(tools));

    expect(service.asked).toHaveLength(2);
  });

  it("does not hold the key for calls that were signed before the clock was corrected", async () => {
    const tools = openTools();
    let offMs = 0;
    const serverNow = (): number => tools.now() + offMs;
    const service = await openUpstream(async ({ headers }) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return headers["x-sdk-date"] === sdkDate(serverNow()) ? {} : refusedAt(serverNow());
    });
    const call = createCaller(accessKey, service, tools);
    await call(limitsOf(tools));
    offMs = 20 * minuteMs;

    const answers = await Promise.all(Array.from({ length: 3 }, () => call(limitsOf(tools))));

    expect(answers).toEqual([200, 200, 200]);
  });

  it("holds the key for a 401 that names no reason", async () => {
    const tools = openTools();
    const service = await openUpstream(() => ({ status: 401 }));
    const call = createCaller(accessKey, service, tools);

    await call(limitsOf(tools));
    await call(limitsOf(tools));

    expect(service.asked).toHaveLength(1);
  });

  it("does not repeat, and does not hold the key, when the service behind the gateway refuses", async () => {
    const tools = openTools();
    const service = await openUpstream(() => ({ status: 401, body: { error_code: "TEST.0013" } }));
    const call = createCaller(accessKey, service, tools);

    const answer = await call(limitsOf(tools));
    const sentFirst = service.asked.length;
    await call(limitsOf(tools));

    expect(problemOf(answer)?.code).toBe("AUTH_FAILED");
    expect([sentFirst, service.asked.length]).toEqual([1, 2]);
  });
});

describe("an account with a fixed token", () => {
  it("sends it, and does not repeat a call that refuses it", async () => {
    const tools = openTools();
    const service = await openUpstream(() => refusedSignature);
    const auth = { kind: "token", token: new Secret("FIXED-TOKEN") } as const;

    const answer = await createCaller(auth, service, tools)(limitsOf(tools));

    expect(problemOf(answer)?.code).toBe("AUTH_FAILED");
    expect(service.asked.map(({ headers }) => headers["x-auth-token"])).toEqual(["FIXED-TOKEN"]);
  });
});
