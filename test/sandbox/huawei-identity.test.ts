import { describe, expect, it } from "vitest";
import {
  FOREIGN_REGION_PROJECT,
  HUAWEI_ACCESS_KEYS,
  SPARK_ACCESS_KEY,
  SUB_PROJECT,
  TEMPORARY_ACCESS_KEY,
} from "../../src/sandbox/huawei-directory.ts";
import { identityOf } from "../../src/sandbox/huawei-identity.ts";
import { createEnvironment, createRequest, PROJECT_ID, signRequest, type TestClock } from "./huawei-requests.ts";

const HOUR_MS = 3_600_000;
const request = createRequest({ method: "POST", path: `/v3/${PROJECT_ID}/jobs/batch-status`, body: { jobs: ["a"] } });

function setUp() {
  const clock: TestClock = { nowMs: Date.UTC(2026, 0, 2, 3, 4, 5) };
  const identity = identityOf(createEnvironment(clock));
  const signed = (accessKey = SPARK_ACCESS_KEY, extraHeaders = {}) => {
    const secretKey = HUAWEI_ACCESS_KEYS.get(accessKey)?.secretKey ?? "";
    return signRequest(request, accessKey, secretKey, clock.nowMs, extraHeaders);
  };
  const misSigned = () => signRequest(request, SPARK_ACCESS_KEY, "not the secret", clock.nowMs);
  const withToken = (text: string) => ({ ...request, headers: { ...request.headers, "x-auth-token": text } });
  const issue = (projectId: string | null) => identity.issueToken({ projectId, expiresAtMs: clock.nowMs + HOUR_MS });
  return { clock, identity, signed, misSigned, withToken, issue };
}

describe("a token", () => {
  it("is accepted for the project of its scope", () => {
    const { identity, issue, withToken } = setUp();

    expect(identity.check(withToken(issue(PROJECT_ID)), PROJECT_ID)).toEqual({
      kind: "accepted",
      projectIds: [PROJECT_ID],
    });
  });

  it("is refused when missing, and the text says so", () => {
    expect(setUp().identity.check(request, PROJECT_ID)).toMatchObject({
      cause: "missing-token",
      message: "x-auth-token not found",
    });
  });

  it("is refused when nobody issued it, and the text says so", () => {
    const { identity, withToken } = setUp();

    expect(identity.check(withToken("made up"), PROJECT_ID)).toMatchObject({
      cause: "unknown-token",
      message: "decrypt token fail",
    });
  });

  it("is refused from the millisecond of its end, and the text says so", () => {
    const { clock, identity, issue, withToken } = setUp();
    const token = issue(PROJECT_ID);

    clock.nowMs += HOUR_MS - 1;
    const before = identity.check(withToken(token), PROJECT_ID);
    clock.nowMs += 1;
    const after = identity.check(withToken(token), PROJECT_ID);

    expect(before.kind).toBe("accepted");
    expect(after).toMatchObject({ cause: "expired-token", message: "token expires" });
  });

  it.each([
    ["another project of the region", SUB_PROJECT.id, "other-project"],
    ["another region", FOREIGN_REGION_PROJECT.id, "other-region"],
    ["no project", null, "other-region"],
  ])("scoped to %s is refused", (_, projectId, cause) => {
    const { identity, issue, withToken } = setUp();

    expect(identity.check(withToken(issue(projectId)), PROJECT_ID)).toMatchObject({ kind: "refused", cause });
  });

  it("stays good when another is issued, and all end when tokens are revoked", () => {
    const { identity, issue, withToken } = setUp();
    const first = issue(PROJECT_ID);
    const second = issue(PROJECT_ID);

    const both = [first, second].map((token) => identity.check(withToken(token), PROJECT_ID).kind);
    identity.revokeTokens();
    const revoked = [first, second].map((token) => identity.check(withToken(token), PROJECT_ID).kind);

    expect(first).not.toBe(second);
    expect(both).toEqual(["accepted", "accepted"]);
    expect(revoked).toEqual(["refused", "refused"]);
  });

  it("is never issued twice, not even after a revocation with the same randomness", () => {
    const { identity, issue } = setUp();
    const before = issue(PROJECT_ID);

    identity.revokeTokens();

    expect(issue(PROJECT_ID)).not.toBe(before);
  });

  it("is known to every upstream of one sandbox and to none of another", () => {
    const environment = createEnvironment();
    const token = identityOf(environment).issueToken({ projectId: PROJECT_ID, expiresAtMs: Number.MAX_SAFE_INTEGER });
    const asked = { ...request, headers: { ...request.headers, "x-auth-token": token } };

    expect(identityOf(environment).check(asked, PROJECT_ID).kind).toBe("accepted");
    expect(identityOf(createEnvironment()).check(asked, PROJECT_ID).kind).toBe("refused");
  });
});

describe("a signature", () => {
  it("is accepted with a good key", () => {
    const { identity, signed } = setUp();

    expect(identity.check(signed(), PROJECT_ID).kind).toBe("accepted");
  });

  it("decides when a good token comes along too", () => {
    const { identity, issue, misSigned } = setUp();
    const both = { ...misSigned() };

    const verdict = identity.check(
      { ...both, headers: { ...both.headers, "x-auth-token": issue(PROJECT_ID) } },
      PROJECT_ID,
    );

    expect(verdict).toMatchObject({ kind: "refused", cause: "signature" });
  });

  it("that is refused has its canonical request echoed, header values included", () => {
    const { identity, misSigned } = setUp();

    const verdict = identity.check(misSigned(), PROJECT_ID);

    expect(verdict).toMatchObject({ message: expect.stringContaining("verify aksk signature fail") });
    expect(verdict).toMatchObject({ message: expect.stringContaining(`\nx-project-id:${PROJECT_ID}\n`) });
  });

  it("of an unknown key is refused", () => {
    const { clock, identity } = setUp();

    const verdict = identity.check(signRequest(request, "UNKNOWNKEY", "any", clock.nowMs), PROJECT_ID);

    expect(verdict).toMatchObject({ cause: "signature", message: expect.stringContaining("Get secretKey failed") });
  });

  it("with another project in its header than in the path is refused", () => {
    const { identity, signed } = setUp();

    const verdict = identity.check(signed(SPARK_ACCESS_KEY, { "x-project-id": SUB_PROJECT.id }), PROJECT_ID);

    expect(verdict).toMatchObject({ kind: "refused", cause: "signature" });
  });

  it("for a project of another region is refused as such", () => {
    const { identity, signed } = setUp();
    const elsewhere = signed(SPARK_ACCESS_KEY, { "x-project-id": FOREIGN_REGION_PROJECT.id });

    expect(identity.check(elsewhere, FOREIGN_REGION_PROJECT.id)).toMatchObject({ cause: "other-project" });
  });

  it("of a temporary key needs its security token", () => {
    const { identity, signed } = setUp();
    const securityToken = HUAWEI_ACCESS_KEYS.get(TEMPORARY_ACCESS_KEY)?.securityToken ?? "";

    const without = identity.check(signed(TEMPORARY_ACCESS_KEY), PROJECT_ID);
    const wrong = identity.check(signed(TEMPORARY_ACCESS_KEY, { "x-security-token": "old" }), PROJECT_ID);
    const right = identity.check(signed(TEMPORARY_ACCESS_KEY, { "x-security-token": securityToken }), PROJECT_ID);

    expect([without.kind, wrong.kind, right.kind]).toEqual(["refused", "refused", "accepted"]);
  });

  it("is refused with a clock 15 minutes and a second off", () => {
    const { clock, identity, signed } = setUp();
    const early = signed();

    clock.nowMs += 901_000;

    expect(identity.check(early, PROJECT_ID)).toMatchObject({ kind: "refused", cause: "signature" });
  });
});

describe("the lock of a key", () => {
  it("closes after the sixth failure in a row, for five minutes, also for good signatures", () => {
    const { clock, identity, signed, misSigned } = setUp();

    const failures = Array.from({ length: 6 }, () => identity.check(misSigned(), PROJECT_ID));
    const during = identity.check(signed(), PROJECT_ID);
    clock.nowMs += 5 * 60_000 - 1;
    const atTheEnd = identity.check(signed(), PROJECT_ID);
    clock.nowMs += 1;
    const after = identity.check(signed(), PROJECT_ID);

    expect(failures).toMatchObject(Array.from({ length: 6 }, () => ({ cause: "signature" })));
    expect(during).toMatchObject({
      cause: "locked",
      message: expect.stringContaining("AK access failed to reach the limit"),
    });
    expect(atTheEnd).toMatchObject({ cause: "locked" });
    expect(after.kind).toBe("accepted");
  });

  it("stays open after five failures, and a good signature resets the count", () => {
    const { identity, signed, misSigned } = setUp();

    const kinds = Array.from({ length: 3 }, () => {
      for (let failure = 0; failure < 5; failure += 1) identity.check(misSigned(), PROJECT_ID);
      return identity.check(signed(), PROJECT_ID).kind;
    });

    expect(kinds).toEqual(["accepted", "accepted", "accepted"]);
  });

  it("counts anew after it has opened", () => {
    const { clock, identity, signed, misSigned } = setUp();
    for (let failure = 0; failure < 6; failure += 1) identity.check(misSigned(), PROJECT_ID);
    clock.nowMs += 5 * 60_000;

    identity.check(misSigned(), PROJECT_ID);

    expect(identity.check(signed(), PROJECT_ID).kind).toBe("accepted");
  });

  it("touches no other key and no token", () => {
    const { clock, identity, issue, misSigned, signed, withToken } = setUp();
    const token = issue(PROJECT_ID);
    const securityToken = HUAWEI_ACCESS_KEYS.get(TEMPORARY_ACCESS_KEY)?.securityToken ?? "";
    for (let failure = 0; failure < 6; failure += 1) identity.check(misSigned(), PROJECT_ID);

    clock.nowMs += 1000;

    expect(identity.check(signed(TEMPORARY_ACCESS_KEY, { "x-security-token": securityToken }), PROJECT_ID).kind).toBe(
      "accepted",
    );
    expect(identity.check(withToken(token), PROJECT_ID).kind).toBe("accepted");
  });
});
