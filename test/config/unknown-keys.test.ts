import { describe, expect, it } from "vitest";
import { nearestKey } from "../../src/config/known-keys.ts";
import { problemsOf, smallest, withAccountKeys } from "./parsing.ts";

const huawei = (auth: string): string =>
  `accounts:\n  spark:\n    provider: huawei-dli\n    baseUrl: https://d.test\n    projectId: p1\n    auth: ${auth}\n`;

describe("parseConfigText, and unknown keys", () => {
  it.each([
    ["at the top", `${smallest}limit: {}\n`, "limit", "limits"],
    ["in the server", `${smallest}server: { shutdownGrace: 1 }\n`, "server.shutdownGrace", undefined],
    [
      "in the server, in other letters",
      `${smallest}server: { routersecrets: [] }\n`,
      "server.routersecrets",
      "routerSecrets",
    ],
    ["in the limits", `${smallest}limits: { deadlinems: 1 }\n`, "limits.deadlinems", "deadlineMs"],
    ["in the cache", `${smallest}cache: { maxEntires: 1 }\n`, "cache.maxEntires", "maxEntries"],
    ["in an account", withAccountKeys("successCode: ['200']"), "accounts.sim.successCode", "successCodes"],
    ["in an account, common to all", withAccountKeys("timeout: 5"), "accounts.sim.timeout", "timeoutMs"],
    [
      "in an account's rates",
      withAccountKeys("rateLimit: { persecond: 5 }"),
      "accounts.sim.rateLimit.persecond",
      "perSecond",
    ],
    [
      "in an override",
      withAccountKeys("statusOverrides: { a: { status: ENDED, isTerminal: true, needsAttention: true, terminal: 1 } }"),
      "accounts.sim.statusOverrides.a.terminal",
      undefined,
    ],
    [
      "in a nested auth",
      huawei("{ accessKey: a, secretKey: b, secretkey: c }"),
      "accounts.spark.auth.secretkey",
      "secretKey",
    ],
    [
      "in another nested auth",
      huawei("{ iamUrl: https://i.test, domain: d, user: u, password: p, pasword: q }"),
      "accounts.spark.auth.pasword",
      "password",
    ],
  ])("names the nearest known one: %s", (_where, text, path, nearest) => {
    const message = nearest === undefined ? /^unknown key/ : `unknown key; did you mean "${nearest}"?`;

    expect(problemsOf(text)).toEqual([{ path, message: expect.stringMatching(message) }]);
  });

  it("reports each of several", () => {
    const problems = problemsOf(`${smallest}server: { hots: a, prot: 1 }\n`);

    expect(problems.map(({ path }) => path).toSorted()).toEqual(["server.hots", "server.prot"]);
  });

  it("does not guess when no known key is near", () => {
    expect(problemsOf(`${smallest}server: { zzzzzz: 1 }\n`)).toEqual([
      { path: "server.zzzzzz", message: "unknown key" },
    ]);
  });
});

describe("nearestKey", () => {
  const known = [
    "provider",
    "baseUrl",
    "aliases",
    "maxIdsPerCall",
    "maxConcurrentCalls",
    "maxWaitingIds",
    "rateLimit",
    "timeoutMs",
    "statusOverrides",
    "appKey",
    "appId",
    "appCode",
    "appSecret",
    "accessToken",
    "bkToken",
    "username",
    "accessKey",
    "secretKey",
    "securityToken",
    "iamUrl",
    "domain",
    "password",
    "projectId",
    "notFoundCodes",
    "successCodes",
    "language",
  ];

  it.each(known)("finds %s in other letters, with a hyphen, and with a letter too few", (key) => {
    const hyphenated = key.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
    const written = [key.toLowerCase(), key.toUpperCase(), hyphenated, key.slice(0, -1)];

    expect(written.map((text) => nearestKey(text, known))).toEqual(written.map(() => key));
  });

  it("finds nothing among no keys", () => {
    expect(nearestKey("key", [])).toBeUndefined();
  });
});
