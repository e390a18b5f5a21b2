import { describe, expect, it } from "vitest";
import { collectSecrets } from "../../src/config/collect-secrets.ts";
import { errorOf, parse, smallest, withAccountKeys } from "./parsing.ts";

const environment = {
  ROUTER_SECRET: "router-secret",
  REDIS_URL: "redis://:redis-password@redis.test:6379/0",
  EIOTCLUB_APPKEY: "eiotclub-app-key",
  EIOTCLUB_SECRET: "eiotclub-secret",
  HW_AK: "HUAWEIACCESSKEY",
  HW_SK: "huawei-secret-key",
  FEISHU_SECRET: "feishu-secret",
  BK_SECRET: "bk-secret",
};

/** Every key of the documented example, with its comments. */
const example = `
server:
  host: 0.0.0.0            # default 127.0.0.1
  port: 4000               # default 4000; PORT overrides; 0 picks a free one and prints it
  path: /graphql
  graphiql: false          # default true in the sandbox only
  introspection: false     # default true in the sandbox only
  routerSecrets: ["\${ROUTER_SECRET}"]
  shutdownGraceMs: 10000
limits:
  maxIdsPerRequest: 1000   # per batchTasks call and per _entities call
  deadlineMs: 8000         # per operation
  maxBodyBytes: 1000000
cache:
  maxEntries: 100000
  redisUrl: "\${REDIS_URL}" # absent = in this process only
accounts:
  sim:
    provider: eiotclub
    baseUrl: https://oapi.eiotclub.com
    appKey: "\${EIOTCLUB_APPKEY}"
    secret: "\${EIOTCLUB_SECRET}"
    successCodes: ["200"]        # default
  spark-prod:
    provider: huawei-dli
    baseUrl: https://dli.cn-north-4.myhuaweicloud.com
    projectId: 054ba152d480d55b2f5dc0069e7ddef0
    auth:                         # one of three
      accessKey: "\${HW_AK}"       # AK/SK signing
      secretKey: "\${HW_SK}"
  lark:
    provider: feishu-contact
    baseUrl: https://open.feishu.cn
    appId: cli_x
    appSecret: "\${FEISHU_SECRET}"
    notFoundCodes: [900404]       # default []; the vendor's code for an unknown task is not documented
  ops:
    provider: bk-sops
    baseUrl: https://bkapi.example.com/api/bk-sops/prod
    style: gateway                # default; or esb
    appCode: batchtask
    appSecret: "\${BK_SECRET}"
    username: admin               # or accessToken / bkToken
  drs-prod:
    provider: huawei-drs
    baseUrl: https://drs.cn-north-4.myhuaweicloud.com
    projectId: 054ba152d480d55b2f5dc0069e7ddef0
    auth: { accessKey: "\${HW_AK}", secretKey: "\${HW_SK}" }
    language: zh-cn               # default en-us
`;

describe("parseConfigText, of the documented example", () => {
  it("takes every key", () => {
    const { server, limits, cache, accounts } = parse(example, environment);

    expect(server).toMatchObject({
      host: "0.0.0.0",
      port: 4000,
      path: "/graphql",
      graphiql: false,
      introspection: false,
      shutdownGraceMs: 10_000,
    });
    expect(limits).toEqual({
      maxIdsPerRequest: 1000,
      maxIdsPerOperation: 10_000,
      gatherMs: 5,
      deadlineMs: 8000,
      maxBodyBytes: 1_000_000,
    });
    expect(cache.maxEntries).toBe(100_000);
    expect(accounts.map(({ name, provider }) => [name, provider.id])).toEqual([
      ["sim", "eiotclub"],
      ["spark-prod", "huawei-dli"],
      ["lark", "feishu-contact"],
      ["ops", "bk-sops"],
      ["drs-prod", "huawei-drs"],
    ]);
    expect(accounts.map(({ options }) => options)).toMatchObject([
      { baseUrl: "https://oapi.eiotclub.com", appKey: "eiotclub-app-key", successCodes: ["200"] },
      { projectId: "054ba152d480d55b2f5dc0069e7ddef0" },
      { appId: "cli_x", notFoundCodes: [900404] },
      { style: "gateway", appCode: "batchtask", username: "admin" },
      { language: "zh-cn" },
    ]);
  });

  it("collects its secrets, and shows none of them", () => {
    const config = parse(example, environment);

    const secrets = collectSecrets(config);

    expect(secrets.toSorted()).toEqual(
      [
        environment.ROUTER_SECRET,
        environment.REDIS_URL,
        environment.EIOTCLUB_SECRET,
        environment.HW_SK,
        environment.HW_SK,
        environment.FEISHU_SECRET,
        environment.BK_SECRET,
      ].toSorted(),
    );
    const shown = JSON.stringify([config.server, config.cache, config.accounts.map(({ options }) => options)]);
    for (const secret of secrets) expect(shown).not.toContain(secret);
  });

  it("says everything that is missing from the environment at once, by the variable's name", () => {
    const error = errorOf(example);

    for (const name of Object.keys(environment)) expect(error?.message).toContain(name);
    expect(error?.problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["server.routerSecrets[0]", "accounts.drs-prod.auth.secretKey"]),
    );
  });

  it.each([
    ["IAM", "auth: { iamUrl: https://iam.test, domain: acme, user: reader, password: correct-horse }"],
    ["a token", "auth: { token: correct-horse }"],
  ])("takes Huawei credentials for %s", (_what, auth) => {
    const text = example.replace(/auth: \{ accessKey.*/, auth);

    expect(collectSecrets(parse(text, environment))).toContain("correct-horse");
  });

  it.each([
    ["accessToken: correct-horse", "gateway"],
    ["bkToken: correct-horse", "gateway"],
  ])("takes bk-sops credentials as %s", (credentials) => {
    expect(collectSecrets(parse(example.replace(/username: admin/, credentials), environment))).toContain(
      "correct-horse",
    );
  });
});

describe("parseConfigText, of the smallest configuration", () => {
  it("has the documented defaults", () => {
    const { server, limits, cache, accounts } = parse(smallest);

    expect({ server, limits, cache }).toEqual({
      server: {
        host: "127.0.0.1",
        port: 4000,
        path: "/graphql",
        graphiql: false,
        introspection: false,
        routerSecrets: [],
        shutdownGraceMs: 10_000,
      },
      limits: {
        maxIdsPerRequest: 1000,
        maxIdsPerOperation: 10_000,
        gatherMs: 5,
        deadlineMs: 8000,
        maxBodyBytes: 1_000_000,
      },
      cache: { maxEntries: 100_000, maxBytes: 200_000_000, redisPrefix: "batch-task" },
    });
    expect(accounts[0]?.options).toMatchObject({ aliases: [], statusOverrides: {}, successCodes: ["200"] });
  });

  it.each(["server:", "limits: {}", "cache: ~"])("takes the empty section %j for its defaults", (section) => {
    expect(errorOf(`${section}\n${smallest}`)).toBeNull();
  });

  it("takes what every account may also say", () => {
    const [account] = parse(
      withAccountKeys(
        "aliases: [old-sim]",
        "maxIdsPerCall: 50",
        "maxConcurrentCalls: 4",
        "maxWaitingIds: 500",
        "rateLimit: { perSecond: 5, perMinute: 100 }",
        "timeoutMs: 2000",
        "statusOverrides: { '3': { status: PAUSED, isTerminal: false, needsAttention: true } }",
      ),
    ).accounts;

    expect(account?.options).toMatchObject({
      aliases: ["old-sim"],
      maxIdsPerCall: 50,
      maxConcurrentCalls: 4,
      maxWaitingIds: 500,
      rateLimit: { perSecond: 5, perMinute: 100 },
      timeoutMs: 2000,
      statusOverrides: { 3: { status: "PAUSED", isTerminal: false, needsAttention: true } },
    });
  });

  it("drops the slash behind an address, so that paths can be appended", () => {
    expect(parse(smallest.replace("https://sim.test", "https://sim.test/api//")).accounts[0]?.options.baseUrl).toBe(
      "https://sim.test/api",
    );
  });
});
