import { describe, expect, it } from "vitest";
import { type Composer, compose, type Subgraph, tasksSubgraph } from "./compose.ts";

/** What the README tells other teams to write. */
const peer: Subgraph = {
  name: "imports",
  url: "http://imports.invalid/graphql",
  sdl: `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@interfaceObject"])

    type BatchTask @key(fields: "id") @interfaceObject {
      id: ID!
      importRecord: ImportRecord
    }

    type ImportRecord @key(fields: "id") {
      id: ID!
      task: BatchTask!
    }

    type Query {
      importRecords: [ImportRecord!]!
    }
  `,
};

const composers: readonly Composer[] = ["apollo", "guild"];

function changed(from: string | RegExp, to: string): Subgraph {
  const tasks = tasksSubgraph();
  const sdl = tasks.sdl.replace(from, to);
  expect(sdl).not.toBe(tasks.sdl);
  return { ...tasks, sdl };
}

describe.each(composers)("the composer of %s", (composer) => {
  it("takes this subgraph alone", () => {
    const { errors, supergraphSdl } = compose(composer, [tasksSubgraph()]);

    expect(errors).toEqual([]);
    expect(supergraphSdl).toContain("interface BatchTask");
  });

  it("takes a peer that adds a field to every task and refers to tasks of its own", () => {
    const { errors, supergraphSdl } = compose(composer, [tasksSubgraph(), peer]);

    expect(errors).toEqual([]);
    expect(supergraphSdl).toMatch(/type DrsJob implements BatchTask[^}]*importRecord: ImportRecord/s);
  });

  it("refuses a peer when an implementation loses its key", () => {
    const tasks = changed('type DrsJob implements BatchTask @key(fields: "id")', "type DrsJob implements BatchTask");

    expect(compose(composer, [tasks, peer]).errors.join()).toContain("DrsJob");
  });

  it("refuses a peer when the interface loses its key", () => {
    const tasks = changed('interface BatchTask @key(fields: "id")', "interface BatchTask");

    expect(compose(composer, [tasks, peer]).errors.join()).toContain("BatchTask");
  });

  it("refuses a key that names no field", () => {
    const tasks = changed(/@key\(fields: "id"\)/g, '@key(fields: "taskId")');

    expect(compose(composer, [tasks]).errors.join()).toContain("taskId");
  });
});
