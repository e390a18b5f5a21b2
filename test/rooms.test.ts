import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { importsOf, roomRules, violation } from "./support/rooms.ts";

const sourceFolder = join(import.meta.dirname, "../src");

const sourceFiles = readdirSync(sourceFolder, { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".ts") && !name.startsWith("graphql/generated/"),
);

describe("the rooms of src", () => {
  it("import only what the table allows", () => {
    const imports = sourceFiles.flatMap((file) => importsOf(file, readFileSync(join(sourceFolder, file), "utf8")));

    const violations = imports.map(violation).filter((reason) => reason !== null);

    expect(imports.length).toBeGreaterThan(100);
    expect(violations).toEqual([]);
  });

  it("are all in the table", () => {
    const rooms = new Set(sourceFiles.filter((file) => file.includes("/")).map((file) => file.split("/")[0]));

    const known = new Set(Object.keys(roomRules).map((room) => room.split("/")[0]));

    expect([...rooms].filter((room) => !known.has(room))).toEqual([]);
  });

  it.each([
    ["tasks/task.ts", 'import { Secret } from "../providers/shared/secret.ts";'],
    ["signing/sorted-parameters.ts", 'import { request } from "undici";'],
    ["providers/eiotclub/client.ts", 'import { dli } from "../huawei-dli/index.ts";'],
    ["providers/eiotclub/client.ts", 'import { huaweiAuth } from "../huawei-auth/index.ts";'],
    ["providers/huawei-dli/client.ts", 'import { drs } from "../huawei-drs/index.ts";'],
    ["providers/eiotclub/client.ts", 'import { request } from "undici";'],
    ["providers/registry.ts", 'import { createEiotclubClient } from "./eiotclub/client.ts";'],
    ["sandbox/upstreams/eiotclub.ts", 'import { signSortedParameters } from "../../signing/sorted-parameters.ts";'],
    ["sandbox/sandbox.ts", 'import { fastify } from "fastify";'],
    ["graphql/resolvers.ts", 'import { createTaskLoaders } from "../loaders/task-loaders.ts";'],
    ["graphql/resolvers.ts", 'import { createBatching } from "../batching/batching.ts";'],
    ["http/sender.ts", 'export { readTask } from "../tasks/task.ts";'],
    ["cache/poll-hint.ts", 'const { loaders } = await import("../loaders/task-loaders.ts");'],
  ])("refuse a planted import: %s, %s", (file, text) => {
    const violations = importsOf(file, text).map(violation);

    expect(violations).toEqual([expect.stringContaining("not allowed")]);
  });

  it.each([
    ["graphql/resolvers.ts", 'import type { TaskLoaders } from "../loaders/task-loaders.ts";'],
    ["providers/huawei-dli/client.ts", 'import { authorize } from "../huawei-auth/index.ts";'],
    ["providers/registry.ts", 'import { eiotclub } from "./eiotclub/index.ts";'],
    ["sandbox/sandbox.ts", 'import { createServer } from "node:http";'],
  ])("admit %s, %s", (file, text) => {
    const violations = importsOf(file, text).map(violation);

    expect(violations).toEqual([null]);
  });
});
