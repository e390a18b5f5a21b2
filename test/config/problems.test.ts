import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load-config.ts";
import { providers } from "../../src/providers/registry.ts";
import { errorOf, parse, pathsOf, problemsOf, smallest, withAccountKeys } from "./parsing.ts";

describe("parseConfigText, when there are problems", () => {
  it("reports all of them together, each with its path", () => {
    const text = `
server:
  port: 70000
  path: graphql
  routerSecret: x
limits:
  deadlineMs: 8s
cache:
  maxEntries: -1
  redisUrl: http://redis.test
logging: true
accounts:
  Sim:
    provider: eiotclub
    baseUrl: ftp://sim.test
    secret: ""
  other:
    provider: nobody
  third: none
  lark:
    provider: feishu-contact
    baseUrl: https://lark.test
    appId: a
    appSecret: \${LARK_SECRET}
    aliases: [Lark]
`;

    expect(pathsOf(text).toSorted()).toEqual(
      [
        "accounts.Sim",
        "accounts.Sim.appKey",
        "accounts.Sim.baseUrl",
        "accounts.Sim.secret",
        "accounts.lark.aliases[0]",
        "accounts.lark.appSecret",
        "accounts.other.provider",
        "accounts.third",
        "cache.maxEntries",
        "cache.redisUrl",
        "limits.deadlineMs",
        "logging",
        "server.path",
        "server.port",
        "server.routerSecret",
      ].toSorted(),
    );
  });

  it("names them one a line in its message", () => {
    const error = errorOf(`${smallest}server: { port: x }\nlimits: { deadlineMs: x }\n`);

    expect(error?.name).toBe("ConfigError");
    expect(error?.message.split("\n")).toHaveLength(3);
    expect(error?.message).toContain("2 problems");
    expect(error?.message).toContain("  server.port: ");
  });

  it.each([
    ["", "an empty file"],
    ["# nothing yet\n", "a file of comments"],
    ["- a\n- b\n", "a list"],
    ["just text\n", "a text"],
  ])("refuses %j: %s", (text) => {
    expect(problemsOf(text)[0]).toEqual({
      path: "",
      message: "must be a mapping with the keys server, limits, cache, accounts",
    });
  });

  it.each(["server: {}", "accounts:", "accounts: {}"])("needs an account: %j", (text) => {
    expect(problemsOf(text)).toEqual([{ path: "accounts", message: "at least one account is needed" }]);
  });

  it.each([
    ["accounts: [sim]", "accounts"],
    ["accounts: sim", "accounts"],
    ["server: [1]", "server"],
    ["server: text", "server"],
    ["limits: 5", "limits"],
  ])("refuses a section of another shape: %j", (section, path) => {
    const text = section.startsWith("accounts") ? section : `${smallest}${section}\n`;

    expect(pathsOf(text)).toContain(path);
  });

  it("refuses a list for a section when PORT is given, too", () => {
    expect(pathsOf(`${smallest}server: []\n`, { PORT: "4001" })).toContain("server");
  });

  it.each([
    ["unclosed", "server: {\n", /line \d+/],
    ["a key twice", "server:\n  port: 1\n  port: 2\n", /line 3/],
    ["an account twice", `${smallest}  sim:\n    provider: eiotclub\n`, /line \d+/],
    ["a tab", "server:\n\tport: 1\n", /line \d+/],
    ["two documents", `${smallest}---\n${smallest}`, /line \d+/],
    ["an alias without an anchor", "server: *nothing\n", /line \d+/],
  ])("refuses what is not YAML, and says where: %s", (_what, text, place) => {
    const [problem] = problemsOf(text);

    expect(problem?.path).toBe("");
    expect(problem?.message).toMatch(place);
  });

  it("refuses a document of a few lines that would unfold into a giant", () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const items = level === 0 ? "x" : Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ");
      return `a${level}: &a${level} [${items}]`;
    });

    expect(errorOf(`${levels.join("\n")}\n`)).not.toBeNull();
  });
});

describe("parseConfigText, and accounts", () => {
  it.each(["Sim", "1sim", "si_m", "-sim", "s".repeat(64), "si.m", "sím"])("refuses the name %s", (name) => {
    expect(pathsOf(smallest.replace("sim:", `"${name}":`))).toEqual([`accounts.${name}`]);
  });

  it.each(["s", "s-1", "s".repeat(63)])("takes the name %s", (name) => {
    expect(parse(smallest.replace("sim:", `${name}:`)).accounts[0]?.name).toBe(name);
  });

  it.each(["nobody", "EIOTCLUB", "eiotclub ", "constructor", "[eiotclub]", "{}", "~"])(
    "refuses the provider %s, and names those that there are",
    (provider) => {
      const text = smallest.replace("provider: eiotclub", `provider: ${JSON.stringify(provider)}`);

      expect(problemsOf(text)).toEqual([
        {
          path: "accounts.sim.provider",
          message: `must be one of ${[...providers.keys()].join(", ")}`,
        },
      ]);
    },
  );

  it("refuses an account that does not name its provider", () => {
    expect(pathsOf(smallest.replace("    provider: eiotclub\n", ""))).toEqual(["accounts.sim.provider"]);
  });

  it.each([
    ["maxIdsPerCall: 101", "maxIdsPerCall"],
    ["maxIdsPerCall: 0", "maxIdsPerCall"],
    ["maxIdsPerCall: 1.5", "maxIdsPerCall"],
    ["maxConcurrentCalls: 0", "maxConcurrentCalls"],
    ["timeoutMs: 10", "timeoutMs"],
    ["rateLimit: { perSecond: 0 }", "rateLimit.perSecond"],
    ["rateLimit: { perHour: 1 }", "rateLimit.perHour"],
    ["rateLimit: 5", "rateLimit"],
    ["aliases: old-sim", "aliases"],
    ["aliases: [old_sim]", "aliases[0]"],
    ["statusOverrides: { '3': { status: DONE, isTerminal: true, needsAttention: false } }", "statusOverrides.3.status"],
    [
      "statusOverrides: { '3': { status: ENDED, isTerminal: yes, needsAttention: false } }",
      "statusOverrides.3.isTerminal",
    ],
    ["statusOverrides: { '3': { status: ENDED, isTerminal: true } }", "statusOverrides.3.needsAttention"],
    [
      "statusOverrides: { '3': { status: ENDED, isTerminal: true, needsAttention: false, a: 1 } }",
      "statusOverrides.3.a",
    ],
    ["statusOverrides: { '3': ENDED }", "statusOverrides.3"],
  ])("refuses %s", (line, path) => {
    expect(pathsOf(withAccountKeys(line))).toEqual([`accounts.sim.${path}`]);
  });

  it("refuses more ids per call than the provider takes, along with the account's other problems", () => {
    expect(pathsOf(withAccountKeys("maxIdsPerCall: 101", "timeoutMs: soon")).toSorted()).toEqual([
      "accounts.sim.maxIdsPerCall",
      "accounts.sim.timeoutMs",
    ]);
  });

  it("takes exactly as many ids per call as the provider does", () => {
    expect(parse(withAccountKeys("maxIdsPerCall: 100")).accounts[0]?.options.maxIdsPerCall).toBe(100);
  });

  const second = "  other: { provider: eiotclub, baseUrl: https://o.test, appKey: k, secret: correct-horse";

  it.each([
    ["another account's name", `${withAccountKeys("aliases: [other]")}${second} }\n`, ["accounts.sim.aliases[0]"]],
    ["its own name", withAccountKeys("aliases: [sim]"), ["accounts.sim.aliases[0]"]],
    [
      "another account's former name",
      `${withAccountKeys("aliases: [old]")}${second}, aliases: [old] }\n`,
      ["accounts.other.aliases[0]"],
    ],
    ["a former name twice", withAccountKeys("aliases: [old, old]"), ["accounts.sim.aliases[1]"]],
    [
      "the name of an account that has other problems",
      `${withAccountKeys("aliases: [other]")}${second}, timeoutMs: soon }\n`,
      ["accounts.sim.aliases[0]", "accounts.other.timeoutMs"],
    ],
  ])("refuses a former name that leads to two accounts: %s", (_what, text, paths) => {
    expect(pathsOf(text).toSorted()).toEqual(paths.toSorted());
  });

  it("checks the other accounts when one has no keys at all", () => {
    const text = `${smallest.replace("secret: correct-horse", "secret: 5")}  empty:\n`;

    expect(pathsOf(text).toSorted()).toEqual(["accounts.empty", "accounts.sim.secret"]);
  });
});

describe("parseConfigText, and PORT", () => {
  it.each([
    ["8080", 8080],
    ["0", 0],
    ["65535", 65_535],
    ["", 4000],
  ])("takes PORT=%j for port %d", (text, expected) => {
    expect(parse(smallest, { PORT: text }).server.port).toBe(expected);
  });

  it("lets PORT win over the file", () => {
    expect(parse(`${smallest}server: { port: 5000 }\n`, { PORT: "8080" }).server.port).toBe(8080);
    expect(parse(`${smallest}server: { port: 5000 }\n`).server.port).toBe(5000);
  });

  it.each(["abc", "80a", "-1", "65536", "4000.5", " ", "0x50", "1e3", "NaN", "Infinity", "4000 4001"])(
    "refuses PORT=%j, and says that it comes from the environment",
    (text) => {
      const problems = problemsOf(`${smallest}server: { port: 5000 }\n`, { PORT: text });

      expect(problems).toHaveLength(1);
      expect(problems[0]?.path).toBe("server.port");
      expect(problems[0]?.message).toContain("PORT");
    },
  );
});

describe("loadConfig", () => {
  const sources = { environment: {}, readFile: (): string => "" };

  it.each([null, undefined, 5, "text", []])("refuses %j for a document", (document) => {
    expect(() => loadConfig(document, sources, providers)).toThrow("must be a mapping");
  });

  it("takes a document that did not come from a file", () => {
    const account = { provider: "eiotclub", baseUrl: "http://127.0.0.1:1", appKey: "k", secret: "correct-horse" };

    const config = loadConfig({ server: { graphiql: true }, accounts: { sim: account } }, sources, providers);

    expect([config.server.graphiql, config.accounts[0]?.name]).toEqual([true, "sim"]);
  });
});
