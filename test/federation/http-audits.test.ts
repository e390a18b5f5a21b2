import { serverAudits } from "graphql-http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { startService, type TestService } from "../support/service.ts";

/**
 * Where this server does otherwise than the specification recommends (SHOULD) or leaves open (MAY), by the audit's id. All
 * others pass; nothing that the specification demands (MUST) may ever stand here.
 */
const knownDeviations: Readonly<Record<string, "warn" | "notice">> = {
  // Queries by GET need a header that a foreign page cannot send: protection against forged requests.
  "5A70": "notice",
  D6D5: "notice",
  "6A70": "notice",
  // What cannot be parsed, validated or given its variables is 400, whatever the client accepts.
  "572B": "warn",
  FDE2: "warn",
  "7B9B": "warn",
};

let sandbox: Sandbox;
let service: TestService;

beforeAll(async () => {
  sandbox = await startSandbox();
  // Some audits ask for the schema.
  service = await startService({ sandbox, server: { introspection: true } });
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

describe("GraphQL over HTTP", () => {
  it("is spoken as the specification demands, and otherwise only where we know it", async () => {
    const audits = serverAudits({ url: service.endpoint, fetchFn: fetch });

    const results = await Promise.all(audits.map((audit) => audit.fn()));

    const deviations = results.filter(({ status }) => status !== "ok").map(({ id, status }) => [id, status]);
    expect(results.length).toBeGreaterThan(55);
    expect(results.filter(({ status }) => status === "error").map(({ id, name }) => `${id} ${name}`)).toEqual([]);
    expect(Object.fromEntries(deviations)).toEqual(knownDeviations);
  });
});
