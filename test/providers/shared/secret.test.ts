import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/providers/shared/secret.ts";

describe("Secret", () => {
  it("reveals itself to whoever asks for it by name", () => {
    expect(new Secret("correct-horse").reveal()).toBe("correct-horse");
  });

  it.each<[string, (secret: Secret) => unknown]>([
    ["a template", (secret) => `${secret}`],
    ["an addition", (secret) => `${""}${secret}`],
    ["String", (secret) => String(secret)],
    ["JSON", (secret) => JSON.stringify({ secret })],
    ["inspect", (secret) => inspect({ deep: { deeper: { secret } } }, { showHidden: true, depth: 9 })],
    ["format", (secret) => format("%s %o %j %O", secret, secret, secret, secret)],
    ["its keys", (secret) => JSON.stringify([Object.entries(secret), Reflect.ownKeys(secret)])],
    ["a copy", (secret) => JSON.stringify({ ...secret })],
    ["a clone", (secret) => JSON.stringify(structuredClone(secret))],
    ["an error", (secret) => new Error(`bad ${secret}`, { cause: secret }).stack],
  ])("does not show itself to %s", (_whom, show) => {
    expect(String(show(new Secret("correct-horse")))).not.toContain("correct-horse");
  });
});
