import { describe, expect, it } from "vitest";
import type { HuaweiAuthOptions } from "../../../src/providers/huawei-auth/account.ts";
import { Secret } from "../../../src/providers/shared/secret.ts";
import { type TestTools, testStartAt } from "../../support/client-tools.ts";
import type { AskedRequest, FarAnswer, FarSide } from "../../support/far-side.ts";
import { createCaller, limitsOf, openTools, openUpstream, passwordFor, problemOf, projectId } from "./call.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Six fraction digits, as the vendor writes them. */
const vendorTime = (epochMs: number): string => new Date(epochMs).toISOString().replace("Z", "000Z");

function tokenAnswer(value: string, expiresAt: number): FarAnswer {
  return { status: 201, headers: { "x-subject-token": value }, body: { token: { expires_at: vendorTime(expiresAt) } } };
}

/** Gives out token-1, token-2, … which live for a day. */
function openIam({ now }: TestTools): Promise<FarSide> {
  return openUpstream((_request, before) => tokenAnswer(`token-${before + 1}`, now() + dayMs));
}

/** Lets the given tokens in and refuses the others as the gateway does. */
function openService(goodTokens: ReadonlySet<unknown>): Promise<FarSide> {
  return openUpstream((request) => (goodTokens.has(tokenOf(request)) ? {} : gatewayRefusal("APIGW.0301")));
}

const tokenOf = (request: AskedRequest): unknown => request.headers["x-auth-token"];

const gatewayRefusal = (code: string): FarAnswer => ({
  status: 401,
  body: { error_code: code, error_msg: "Incorrect IAM authentication information: token expires", request_id: "r-1" },
});

/** The background renewal is over. */
async function settled(upstream: FarSide, requests: number): Promise<void> {
  await expect.poll(() => upstream.asked.length).toBe(requests);
  await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("an account with a password", () => {
  it("asks IAM for a token of its project, and shows no credential outside the body", async () => {
    const tools = openTools();
    const iam = await openIam(tools);
    const service = await openService(new Set(["token-1"]));

    const answer = await createCaller(passwordFor(iam), service, tools)(limitsOf(tools));

    const [asked] = iam.asked;
    expect(answer).toBe(200);
    expect(asked).toMatchObject({ method: "POST", path: "/v3/auth/tokens?nocatalog=true" });
    expect(asked?.headers["content-type"]).toBe("application/json;charset=utf8");
    expect(JSON.stringify(asked?.headers)).not.toContain("hunter22");
    expect(JSON.parse(asked?.body ?? "")).toEqual({
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: "reader", password: "hunter22", domain: { name: "acme" } } },
        },
        scope: { project: { id: projectId } },
      },
    });
  });

  it("fetches one token for many calls at once, also when all turns are taken", async () => {
    const tools = openTools(2);
    const iam = await openIam(tools);
    const service = await openService(new Set(["token-1"]));
    const call = createCaller(passwordFor(iam), service, tools);

    const answers = await Promise.all(Array.from({ length: 40 }, () => call(limitsOf(tools))));

    expect(new Set(answers)).toEqual(new Set([200]));
    expect(iam.asked).toHaveLength(1);
    expect(service.asked).toHaveLength(40);
  });

  it("shares its token with other accounts of the same user and project", async () => {
    const tools = openTools();
    const iam = await openIam(tools);
    const service = await openService(new Set(["token-1"]));

    await createCaller(passwordFor(iam), service, tools)(limitsOf(tools));
    await createCaller(passwordFor(iam), service, tools)(limitsOf(tools));

    expect(iam.asked).toHaveLength(1);
  });

  it.each([
    ["APIGW.0301", 401],
    ["APIGW.0305", 401],
    ["APIGW.0307", 401],
    ["APIG.0301", 401],
    ["IAM.0066", 401],
    ["IAM.0067", 401],
    ["TEST.0013", 400],
  ])("renews once and repeats once after %s under HTTP %i", async (code, status) => {
    const tools = openTools();
    const iam = await openIam(tools);
    const service = await openUpstream((request) =>
      tokenOf(request) === "token-2" ? {} : { status, body: { error_code: code } },
    );

    const answer = await createCaller(passwordFor(iam), service, tools)(limitsOf(tools));

    expect(answer).toBe(200);
    expect(iam.asked).toHaveLength(2);
    expect(service.asked.map(tokenOf)).toEqual(["token-1", "token-2"]);
  });

  it("renews once for many calls that are refused together, also when all turns are taken", async () => {
    const tools = openTools(2);
    const iam = await openIam(tools);
    const good = new Set<unknown>(["token-1"]);
    const service = await openService(good);
    const call = createCaller(passwordFor(iam), service, tools);
    await call(limitsOf(tools));
    good.delete("token-1");
    good.add("token-2");

    const answers = await Promise.all(Array.from({ length: 10 }, () => call(limitsOf(tools))));

    expect(new Set(answers)).toEqual(new Set([200]));
    expect(iam.asked).toHaveLength(2);
  });

  it("is AUTH_FAILED when the renewed token is refused too, after two calls and no more", async () => {
    const tools = openTools();
    const iam = await openIam(tools);
    const service = await openService(new Set());

    const answer = await createCaller(passwordFor(iam), service, tools)(limitsOf(tools));

    expect(problemOf(answer)).toMatchObject({
      code: "AUTH_FAILED",
      retryable: false,
      upstreamCode: "APIGW.0301",
      upstreamRequestId: "r-1",
    });
    expect(iam.asked).toHaveLength(2);
    expect(service.asked).toHaveLength(2);
  });

  it("does not renew for a 401 that names no reason", async () => {
    const tools = openTools();
    const iam = await openIam(tools);
    const service = await openUpstream(() => ({ status: 401, body: "<html>proxy</html>" }));

    const answer = await createCaller(passwordFor(iam), service, tools)(limitsOf(tools));

    expect(problemOf(answer)?.code).toBe("AUTH_FAILED");
    expect([iam.asked.length, service.asked.length]).toEqual([1, 1]);
  });

  it("renews in the background an hour before the end, while the old token serves", async () => {
    const tools = openTools();
    let letGo = (): void => undefined;
    const renewal = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const iam = await openUpstream(async (_request, before) => {
      if (before > 0) await renewal;
      return tokenAnswer(`token-${before + 1}`, testStartAt + (before + 1) * dayMs);
    });
    const service = await openService(new Set(["token-1", "token-2"]));
    const call = createCaller(passwordFor(iam), service, tools);
    await call(limitsOf(tools));

    tools.advance(dayMs - hourMs - 1);
    await call(limitsOf(tools));
    const asked = iam.asked.length;
    tools.advance(1);
    await call(limitsOf(tools));
    await call(limitsOf(tools));
    letGo();
    await settled(iam, 2);
    await call(limitsOf(tools));

    expect(asked).toBe(1);
    expect(service.asked.map(tokenOf)).toEqual(["token-1", "token-1", "token-1", "token-1", "token-2"]);
  });

  it("goes on with a token that is still good while IAM is down, and does not hammer it", async () => {
    const tools = openTools();
    const iam = await openUpstream((_request, before) =>
      before === 0 ? tokenAnswer("token-1", testStartAt + dayMs) : { status: 503 },
    );
    const service = await openService(new Set(["token-1"]));
    const call = createCaller(passwordFor(iam), service, tools);
    await call(limitsOf(tools));
    tools.advance(dayMs - hourMs);

    await call(limitsOf(tools));
    await settled(iam, 4);
    const answer = await call(limitsOf(tools));
    await settled(iam, 4);

    expect(answer).toBe(200);
  });

  it("does not renew a short-lived token with every call", async () => {
    const tools = openTools();
    const iam = await openUpstream(() => tokenAnswer("token-1", testStartAt + 60_000));
    const service = await openService(new Set(["token-1"]));
    const call = createCaller(passwordFor(iam), service, tools);

    for (let calls = 0; calls < 3; calls += 1) await call(limitsOf(tools));
    await settled(iam, 1);

    expect(service.asked).toHaveLength(3);
  });

  it("waits for IAM no longer than the call may take", async () => {
    const tools = openTools();
    const iam = await openUpstream(async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return tokenAnswer("token-1", testStartAt + dayMs);
    });
    const service = await openService(new Set(["token-1"]));

    const answer = await createCaller(passwordFor(iam), service, tools)(limitsOf(tools, 100));

    expect(problemOf(answer)?.code).toBe("TIMEOUT");
    expect(service.asked).toHaveLength(0);
  });
});

describe("a token that IAM does not give", () => {
  it.each<[string, FarAnswer, string, boolean, number]>([
    ["400", { status: 400, body: { error_code: "IAM.0011" } }, "AUTH_FAILED", false, 1],
    [
      "401 with the error form",
      { status: 401, body: { error: { code: 401, message: "hunter22" } } },
      "AUTH_FAILED",
      false,
      1,
    ],
    ["401 IAM.0001", { status: 401, body: { error_code: "IAM.0001" } }, "AUTH_FAILED", false, 1],
    ["401 IAM.0062", { status: 401, body: { error_code: "IAM.0062" } }, "AUTH_FAILED", false, 1],
    ["401 IAM.0061", { status: 401, body: { error_code: "IAM.0061" } }, "AUTH_FAILED", false, 1],
    ["403 IAM.0081", { status: 403, body: { error_code: "IAM.0081" } }, "AUTH_FAILED", false, 1],
    ["429 IAM.0012", { status: 429, body: { error_code: "IAM.0012" } }, "RATE_LIMITED", true, 1],
    ["500", { status: 500 }, "UPSTREAM_UNAVAILABLE", true, 3],
    ["504", { status: 504 }, "UPSTREAM_UNAVAILABLE", true, 3],
    ["404", { status: 404 }, "UPSTREAM_ERROR", false, 1],
    [
      "no header",
      { status: 201, body: { token: { expires_at: "2099-01-01T00:00:00.000000Z" } } },
      "UPSTREAM_MALFORMED",
      true,
      2,
    ],
    [
      "no end",
      { status: 201, headers: { "x-subject-token": "t" }, body: { token: {} } },
      "UPSTREAM_MALFORMED",
      true,
      2,
    ],
    ["HTML", { status: 201, headers: { "x-subject-token": "t" }, body: "<html>" }, "UPSTREAM_MALFORMED", true, 2],
  ])("after %s the service is not asked", async (_case, iamAnswer, code, retryable, iamRequests) => {
    const tools = openTools();
    const iam = await openUpstream(() => iamAnswer);
    const service = await openService(new Set());

    const problem = problemOf(await createCaller(passwordFor(iam), service, tools)(limitsOf(tools)));

    expect(problem).toMatchObject({ code, retryable });
    expect(problem?.message).not.toContain("hunter22");
    expect(iam.asked).toHaveLength(iamRequests);
    expect(service.asked).toHaveLength(0);
  });

  it("is not asked for again for 60 s after a refused password, by any account of the user", async () => {
    const tools = openTools();
    const iam = await openUpstream(() => ({ status: 401, body: { error_code: "IAM.0062" } }));
    const service = await openService(new Set());
    const one = createCaller(passwordFor(iam), service, tools);
    const other = createCaller(passwordFor(iam), service, tools);

    const first = await one(limitsOf(tools));
    tools.advance(59_999);
    const held = await other(limitsOf(tools));
    const askedWhileHeld = iam.asked.length;
    tools.advance(1);
    await other(limitsOf(tools));

    expect(held).toEqual(first);
    expect(askedWhileHeld).toBe(1);
    expect(iam.asked).toHaveLength(2);
  });

  it("is not asked for before the time that IAM names", async () => {
    const tools = openTools();
    const iam = await openUpstream(() => ({ status: 429, headers: { "retry-after": "7" } }));
    const service = await openService(new Set());
    const call = createCaller(passwordFor(iam), service, tools);

    const problem = problemOf(await call(limitsOf(tools)));
    tools.advance(6_999);
    await call(limitsOf(tools));
    const askedBefore = iam.asked.length;
    tools.advance(1);
    await call(limitsOf(tools));

    expect(problem?.retryAfterAt).toBe(testStartAt + 7_000);
    expect([askedBefore, iam.asked.length]).toEqual([1, 2]);
  });

  it("is not asked for again for longer while the user is locked", async () => {
    const tools = openTools();
    const iam = await openUpstream(() => ({ status: 401, body: { error_code: "IAM.0061" } }));
    const service = await openService(new Set());
    const call = createCaller(passwordFor(iam), service, tools);

    await call(limitsOf(tools));
    tools.advance(14 * 60_000);
    await call(limitsOf(tools));

    expect(iam.asked).toHaveLength(1);
  });

  it("is not asked for again for 1 s, then 2 s, after a failed fetch, however many attempts it took", async () => {
    const tools = openTools();
    const iam = await openUpstream(() => ({ status: 503 }));
    const service = await openService(new Set());
    const call = createCaller(passwordFor(iam), service, tools);
    const askedAfter: number[] = [];

    for (const waitMs of [0, 999, 1, 1_999, 1]) {
      tools.advance(waitMs);
      await call(limitsOf(tools));
      askedAfter.push(iam.asked.length);
    }

    expect(askedAfter).toEqual([3, 3, 6, 6, 9]);
  });

  it("is waited for as long as an IAM that is out of order says", async () => {
    const tools = openTools();
    const iam = await openUpstream(() => ({ status: 503, headers: { "retry-after": "30" } }));
    const service = await openService(new Set());
    const call = createCaller(passwordFor(iam), service, tools);

    const problem = problemOf(await call(limitsOf(tools)));
    tools.advance(29_999);
    await call(limitsOf(tools));
    const askedBefore = iam.asked.length;
    tools.advance(1);
    await call(limitsOf(tools));

    expect(problem).toMatchObject({ code: "RATE_LIMITED", retryAfterAt: testStartAt + 30_000 });
    expect([askedBefore, iam.asked.length]).toEqual([1, 2]);
  });

  it("for a wrong password is given to an account of the same user that has the right one", async () => {
    const tools = openTools();
    const iam = await openUpstream(({ body }) =>
      body.includes("hunter22") ? tokenAnswer("token-1", testStartAt + dayMs) : { status: 401 },
    );
    const service = await openService(new Set(["token-1"]));
    const wrong = { ...passwordFor(iam), password: new Secret("wrong-password") };

    const refused = await createCaller(wrong as HuaweiAuthOptions, service, tools)(limitsOf(tools));
    const answer = await createCaller(passwordFor(iam), service, tools)(limitsOf(tools));

    expect(problemOf(refused)?.code).toBe("AUTH_FAILED");
    expect(answer).toBe(200);
  });
});
