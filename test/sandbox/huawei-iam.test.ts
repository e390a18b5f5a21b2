import { describe, expect, it } from "vitest";
import { FOREIGN_REGION_PROJECT, HUAWEI_USER, SUB_PROJECT } from "../../src/sandbox/huawei-directory.ts";
import type { SandboxRequest } from "../../src/sandbox/upstream.ts";
import { upstream as iamModule } from "../../src/sandbox/upstreams/huawei-iam.ts";
import { createEnvironment, createRequest, fieldsOf, PROJECT_ID } from "./huawei-requests.ts";

interface TokenParts {
  readonly methods?: unknown;
  readonly user?: unknown;
  readonly password?: unknown;
  readonly domain?: unknown;
  readonly scope?: unknown;
  readonly rawQuery?: string;
}

function tokenRequest(parts: TokenParts = {}): SandboxRequest {
  const { methods = ["password"], user = HUAWEI_USER.name, password = HUAWEI_USER.password } = parts;
  const { domain = "sandbox-domain", scope = { project: { id: PROJECT_ID } }, rawQuery = "nocatalog=true" } = parts;
  const identity = { methods, password: { user: { name: user, password, domain: { name: domain } } } };
  const headers = { "content-type": "application/json;charset=utf8" };
  return createRequest({
    method: "POST",
    path: "/v3/auth/tokens",
    rawQuery,
    headers,
    body: { auth: { identity, scope } },
  });
}

function createIam() {
  return iamModule.create(createEnvironment());
}

describe("POST /v3/auth/tokens", () => {
  it("answers 201 with the token in X-Subject-Token alone and its end in six fraction digits", () => {
    const answer = createIam().respond(tokenRequest());

    const token = answer.headers?.["X-Subject-Token"] ?? "";
    expect(answer.status).toBe(201);
    expect(token.length).toBeGreaterThan(50);
    expect(answer.body).toMatchObject({
      token: {
        issued_at: "2026-01-02T03:04:05.000000Z",
        expires_at: "2026-01-03T03:04:05.000000Z",
        project: { id: PROJECT_ID, name: "cn-north-4" },
      },
    });
    expect(JSON.stringify(answer.body)).not.toContain(token);
    expect(JSON.stringify(answer.body)).not.toContain(HUAWEI_USER.password);
    expect(answer.taskIds).toBeUndefined();
  });

  it.each([
    [{ project: { name: "cn-north-4" } }, PROJECT_ID],
    [{ project: { id: SUB_PROJECT.id } }, SUB_PROJECT.id],
    [{ project: { name: "eu-west-101" } }, FOREIGN_REGION_PROJECT.id],
    [{ domain: { name: "sandbox-domain" }, project: { id: PROJECT_ID } }, PROJECT_ID],
  ])("takes the scope %j", (scope, projectId) => {
    expect(createIam().respond(tokenRequest({ scope })).body).toMatchObject({ token: { project: { id: projectId } } });
  });

  it("gives a token without project when no scope is asked for", () => {
    const { status, body } = createIam().respond(tokenRequest({ scope: {} }));

    expect(status).toBe(201);
    expect(fieldsOf(body).token).not.toHaveProperty("project");
  });

  it("carries the catalog unless it is suppressed", () => {
    const iam = createIam();

    expect(fieldsOf(iam.respond(tokenRequest()).body).token).not.toHaveProperty("catalog");
    expect(fieldsOf(iam.respond(tokenRequest({ rawQuery: "" })).body).token).toHaveProperty("catalog");
  });

  it.each([
    ["password", { password: "wrong" }],
    ["user", { user: "nobody" }],
    ["domain", { domain: "elsewhere" }],
    ["project", { scope: { project: { id: "no-such-project" } } }],
  ])("refuses a wrong %s with 401 and the error form", (_, parts) => {
    const answer = createIam().respond(tokenRequest(parts));

    expect(answer).toMatchObject({ status: 401, body: { error: { code: 401, title: "Unauthorized" } } });
    expect(answer.headers?.["X-Subject-Token"]).toBeUndefined();
  });

  it.each([
    [{ password: "wrong" }, "IAM.0062"],
    [{ user: "nobody" }, "IAM.0001"],
  ])("with refusedPasswordForm error_code refuses %j with %s", (parts, code) => {
    const iam = createIam();
    iam.switches.refusedPasswordForm = "error_code";

    expect(iam.respond(tokenRequest(parts))).toMatchObject({ status: 401, body: { error_code: code } });
  });

  it.each([
    ["methods", { methods: ["token"] }],
    ["methods", { methods: ["password", "totp"] }],
    ["user", { user: 7 }],
    ["password", { password: "" }],
    ["domain", { domain: null }],
    ["scope", { scope: { project: {} } }],
  ])("refuses ill-formed %s with 400", (_, parts) => {
    expect(createIam().respond(tokenRequest(parts))).toMatchObject({ status: 400, body: { error: { code: 400 } } });
  });

  it.each(["", "{", "null", "[]", "7"])("refuses the body %j with 400", (body) => {
    expect(createIam().respond(createRequest({ method: "POST", path: "/v3/auth/tokens", body })).status).toBe(400);
  });

  it("refuses a body of more than 32 KB", () => {
    expect(createIam().respond(tokenRequest({ user: "x".repeat(33_000) })).status).toBe(413);
  });

  it.each([
    ["locked", 401, "IAM.0061"],
    ["no-programmatic-access", 403, "IAM.0081"],
  ])("with userState %s refuses with %d %s", (userState, status, code) => {
    const iam = createIam();
    iam.switches.userState = userState;

    expect(iam.respond(tokenRequest())).toMatchObject({ status, body: { error_code: code } });
  });

  it("throttles with 429 IAM.0012 and the time to wait, if one is set", () => {
    const iam = createIam();
    iam.switches.throttle = { perSecond: 1, retryAfterSeconds: 3 };

    const [first, second] = [iam.respond(tokenRequest()), iam.respond(tokenRequest())];

    expect(first.status).toBe(201);
    expect(second).toMatchObject({ status: 429, headers: { "Retry-After": "3" }, body: { error_code: "IAM.0012" } });
  });

  it("can leave out the token's header and spoil its end", () => {
    const iam = createIam();
    Object.assign(iam.switches, { subjectToken: "absent", expiresAt: "unreadable" });

    const answer = iam.respond(tokenRequest());

    expect(answer).toMatchObject({ status: 201, headers: {}, body: { token: { expires_at: "in a while" } } });
  });

  it("gives tokens the life that is set", () => {
    const iam = createIam();
    iam.switches.tokenLifeMs = 60_000;

    expect(iam.respond(tokenRequest()).body).toMatchObject({ token: { expires_at: "2026-01-02T03:05:05.000000Z" } });
  });
});

describe("the list of projects", () => {
  const withToken = (token: string, path: string, rawQuery = "") =>
    createRequest({ path, rawQuery, headers: { "x-auth-token": token } });

  it("holds exactly the project of a name", () => {
    const iam = createIam();
    const token = iam.respond(tokenRequest({ scope: {} })).headers?.["X-Subject-Token"] ?? "";

    const answer = iam.respond(withToken(token, "/v3/projects", "name=cn-north-4"));

    expect(answer).toMatchObject({ status: 200, body: { projects: [{ id: PROJECT_ID, name: "cn-north-4" }] } });
  });

  it("holds all of the user's at /v3/auth/projects, subprojects included", () => {
    const iam = createIam();
    const token = iam.respond(tokenRequest()).headers?.["X-Subject-Token"] ?? "";

    const { projects } = fieldsOf(iam.respond(withToken(token, "/v3/auth/projects")).body);

    expect(projects).toMatchObject([{ name: "cn-north-4" }, { name: "cn-north-4_analytics" }, { name: "eu-west-101" }]);
  });

  it("needs an identity", () => {
    expect(createIam().respond(createRequest({ path: "/v3/projects" }))).toMatchObject({
      status: 401,
      body: { error_code: "APIGW.0301" },
    });
  });
});

describe("the emulated IAM", () => {
  it("holds no task and offers no account", () => {
    const iam = createIam();

    expect([iam.tasks(), iam.accounts(), iam.exampleIds]).toEqual([[], {}, []]);
  });

  it("knows no other path", () => {
    expect(createIam().respond(createRequest({ path: "/v3/users" })).status).toBe(404);
  });

  it("gives the forced answer to as many calls as it says", () => {
    const iam = createIam();
    iam.switches.refuseWith = { status: 500, body: { sorry: true }, calls: 2 };

    const statuses = Array.from({ length: 3 }, () => iam.respond(tokenRequest()).status);

    expect(statuses).toEqual([500, 500, 201]);
  });

  it.each([
    ["reset", (iam: ReturnType<typeof createIam>) => iam.reset()],
    ["revokeTokens", (iam: ReturnType<typeof createIam>) => iam.actions?.revokeTokens?.()],
  ])("forgets all tokens on %s", (_, forget) => {
    const iam = createIam();
    const token = iam.respond(tokenRequest()).headers?.["X-Subject-Token"] ?? "";
    const asked = createRequest({ path: "/v3/auth/projects", headers: { "x-auth-token": token } });
    const before = iam.respond(asked).status;

    forget(iam);

    expect(before).toBe(200);
    expect(iam.respond(asked).status).toBe(401);
  });

  it("has its default switches after a reset, in the same object", () => {
    const iam = createIam();
    const { switches } = iam;
    const before = { ...switches };
    Object.assign(switches, { tokenLifeMs: 1, throttle: { perSecond: 0 }, userState: "locked" });

    iam.reset();

    expect(iam.switches).toBe(switches);
    expect(switches).toEqual(before);
  });
});
