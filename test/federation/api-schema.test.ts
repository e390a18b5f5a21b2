import { describe, expect, it } from "vitest";
import { breakingChanges, printApiSchema, readAgreedSchema } from "./api-schema.ts";
import { tasksSubgraph } from "./compose.ts";

const howToAgree = "a change on purpose is agreed to with `npm run agree-to-schema`";

describe("the public schema", () => {
  it("breaks no client of the agreed one", () => {
    expect(breakingChanges(readAgreedSchema(), printApiSchema()), howToAgree).toEqual([]);
  });

  it("is the agreed one", () => {
    expect(printApiSchema(), howToAgree).toBe(readAgreedSchema());
  });

  it("is seen to be broken, by name, when a field is taken away", () => {
    const tasks = tasksSubgraph();
    const sdl = tasks.sdl.replaceAll(/\n[^\n]*\n {2}needsAttention: Boolean!/g, "");

    const changes = breakingChanges(readAgreedSchema(), printApiSchema({ ...tasks, sdl }));

    expect(changes).toContain("BatchTask.needsAttention was removed.");
  });

  it("is seen to be broken when a field may be null that might not", () => {
    const tasks = tasksSubgraph();
    const sdl = tasks.sdl.replace("): BatchTaskSet!", "): BatchTaskSet");

    expect(breakingChanges(readAgreedSchema(), printApiSchema({ ...tasks, sdl }))).toEqual([
      "Query.batchTasks changed type from BatchTaskSet! to BatchTaskSet.",
    ]);
  });
});
