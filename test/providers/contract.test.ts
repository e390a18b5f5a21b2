import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { providers } from "../../src/providers/registry.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { testStartAt } from "../support/client-tools.ts";
import { testProviderContract } from "../support/provider-contract.ts";

const folder = join(import.meta.dirname, "../../src/providers");

// Tests are listed before any of them runs, and what there is to list stands in the sandbox.
const sandbox = await startSandbox({ now: () => testStartAt });

afterAll(() => sandbox.close());

it("the registry holds every folder that defines a provider, by its name", () => {
  const folders = readdirSync(folder).filter((name) => existsSync(join(folder, name, "index.ts")));

  expect([...providers.keys()].sort(), "src/providers/registry.ts").toEqual(folders.sort());
});

it("the registry holds no two providers of one GraphQL type or enum value", () => {
  const all = [...providers.values()];

  expect(new Set(all.map(({ typename }) => typename)).size).toBe(all.length);
  expect(new Set(all.map(({ provider }) => provider)).size).toBe(all.length);
});

for (const provider of providers.values()) testProviderContract(provider, sandbox);
