import { describe, expect, it } from "vitest";
import { Secret } from "../../src/providers/shared/secret.ts";
import { createLog, type Logger } from "../../src/telemetry/log.ts";
import { createRedactor } from "../../src/telemetry/redaction.ts";

const secret = 'p@ss"w\\rd\n1';

function createTestLog(level = "info"): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = createLog({
    level,
    redact: createRedactor([secret]),
    destination: { write: (line) => lines.push(line) },
  });
  return { log, lines };
}

function expectNoSecret(lines: readonly string[]): void {
  for (const line of lines) {
    expect(line).not.toContain("p@ss");
    expect(() => JSON.parse(line)).not.toThrow();
  }
}

describe("createLog", () => {
  it("writes one JSON line with an RFC 3339 time per message", () => {
    const { log, lines } = createTestLog();

    log.info({ provider: "eiotclub" }, "hello");

    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith("\n")).toBe(true);
    const line = JSON.parse(lines[0] ?? "");
    expect(line).toMatchObject({ level: 30, provider: "eiotclub", msg: "hello" });
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it("keeps quiet below its level", () => {
    const { log, lines } = createTestLog("warn");

    log.info("hello");

    expect(lines).toEqual([]);
  });

  it.each<[string, (log: Logger) => void]>([
    ["a message", (log) => log.info(`refused ${secret}`)],
    ["a formatted message", (log) => log.info("refused %s", secret)],
    ["a field", (log) => log.info({ secret }, "text")],
    ["a nested field", (log) => log.info({ a: { b: [{ c: secret }] } }, "text")],
    ["an error's message", (log) => log.error({ err: new Error(`bad ${secret}`) }, "text")],
    ["an error alone", (log) => log.error(new Error(`bad ${secret}`))],
    ["an error's cause", (log) => log.error({ err: new Error("outer", { cause: new Error(secret) }) }, "text")],
    ["errors of an error", (log) => log.error({ err: new AggregateError([new Error(secret)], "many") }, "text")],
    ["an error's own field", (log) => log.error({ err: Object.assign(new Error("x"), { body: { secret } }) }, "text")],
    ["an error under another name", (log) => log.error({ reason: new Error(secret) }, "text")],
    ["a field of a child", (log) => log.child({ secret }).info("text")],
    ["a key", (log) => log.info({ [secret]: 1 }, "text")],
    ["an address", (log) => log.info({ url: `https://host/?k=${encodeURIComponent(secret)}` }, "text")],
  ])("leaves no secret in %s", (_where, write) => {
    const { log, lines } = createTestLog();

    write(log);

    expect(lines).toHaveLength(1);
    expectNoSecret(lines);
  });

  it("shows a configured secret as a placeholder even when it is too short to be searched for", () => {
    const { log, lines } = createTestLog();

    log.info({ account: { secret: new Secret("abc") } }, "text");

    expect(JSON.parse(lines[0] ?? "").account).toEqual({ secret: "[secret]" });
  });

  it.each(["authorization", "cookie", "router-authorization", "x-api-key"])(
    "drops the header %s of a request, and keeps the others",
    (name) => {
      const { log, lines } = createTestLog();

      log.info({ req: { headers: { [name]: "somebody's own", accept: "application/json" } } }, "request");
      log.child({ name: "child" }).info({ req: { headers: { [name]: "somebody's own" } } }, "request");

      expect(lines.join()).not.toContain("somebody's own");
      expect(JSON.parse(lines[0] ?? "").req.headers).toEqual({ accept: "application/json" });
    },
  );
});
