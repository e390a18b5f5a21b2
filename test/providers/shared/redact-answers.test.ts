import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CallAnswer, IdAnswer, ProviderClient, TaskCall } from "../../../src/providers/provider.ts";
import { redactAnswers } from "../../../src/providers/shared/redact-answers.ts";
import { createProblem } from "../../../src/tasks/problem.ts";
import { taskNamed } from "../../batching/upstream-of-truths.ts";
import { taskCall } from "../../support/client-tools.ts";

const redact = (text: string): string => text.replaceAll("s3cret", "[redacted]");

function askRedacted(answer: CallAnswer): Promise<CallAnswer> {
  const client: ProviderClient = { fetchTasks: async (_call: TaskCall) => answer };
  return redactAnswers(client, redact).fetchTasks(taskCall(["1"]));
}

const answered = (...answers: [string, IdAnswer][]): CallAnswer => ({
  kind: "answered",
  answers: new Map(answers),
  observedAt: 7,
  foreignRows: 0,
});

describe("redactAnswers", () => {
  it("replaces secrets in every text of a task, however deep", async () => {
    const failure = { code: "E s3cret", message: "said s3cret twice: s3cret", recoverable: true };
    const items = [{ name: "s3cret" }, { lines: ["a", "b s3cret"] }];
    const state = Object.assign(taskNamed("s3cret-job", { failure, createdAt: 5 }), { items });

    const answer = await askRedacted(answered(["1", { state }]));

    expect(answer.kind === "answered" && answer.answers.get("1")).toEqual({
      state: {
        ...state,
        name: "[redacted]-job",
        failure: { code: "E [redacted]", message: "said [redacted] twice: [redacted]", recoverable: true },
        items: [{ name: "[redacted]" }, { lines: ["a", "b [redacted]"] }],
      },
    });
  });

  it("leaves ids alone, so that an answer stays with its task", async () => {
    const answer = await askRedacted(answered(["job-s3cret-1", { state: taskNamed("a") }]));

    expect(answer.kind === "answered" && [...answer.answers.keys()]).toEqual(["job-s3cret-1"]);
  });

  it("leaves what holds no secret the object that it is", async () => {
    const state = Object.assign(taskNamed("a"), { items: [{ name: "b" }] });
    const failure = { code: "E s3cret", message: null, recoverable: null };
    const clean = answered(["1", { state }], ["2", { problem: createProblem("NOT_FOUND", "No.") }]);

    expect(await askRedacted(clean)).toBe(clean);

    const answer = await askRedacted(answered(["1", { state }], ["2", { state: taskNamed("b", { failure }) }]));
    const first = answer.kind === "answered" ? answer.answers.get("1") : undefined;
    expect(first && "state" in first && first.state).toBe(state);
    expect(JSON.stringify(answer.kind === "answered" && answer.answers.get("2"))).toContain("E [redacted]");
  });

  it("changes no answer that it was given", async () => {
    const given = answered(["1", { state: taskNamed("s3cret") }]);
    const before = structuredClone(given);

    await askRedacted(given);

    expect(given).toEqual(before);
  });

  it("redacts each text and nothing else, whatever the shape", async () => {
    const text = fc.string({ unit: fc.constantFrom("a", "s3cret", "1") });
    const fields = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: "small" }, text, fc.integer(), fc.constant(null), tie("list"), tie("fields")),
      list: fc.array(tie("value")),
      fields: fc.dictionary(fc.oneof(fc.constantFrom("name", "__proto__", "s3cret"), text), tie("value")),
    })).fields;

    await fc.assert(
      fc.asyncProperty(fields, async (extra) => {
        const state = { ...taskNamed("a"), extra };
        const answer = await askRedacted(answered(["1", { state }]));
        const shown = answer.kind === "answered" ? answer.answers.get("1") : undefined;
        const expected = JSON.parse(JSON.stringify({ state }), (_name, value) =>
          typeof value === "string" ? redact(value) : value,
        );
        expect(JSON.stringify(shown)).toBe(JSON.stringify(expected));
      }),
    );
  });

  it("replaces secrets in the problems of a call and of an id", async () => {
    const problem = createProblem("UPSTREAM_ERROR", "No.", { upstreamCode: "s3cret", upstreamRequestId: "id-s3cret" });

    const failed = await askRedacted({ kind: "failed", problem, divisible: false });
    const refused = await askRedacted(answered(["1", { problem }]));

    expect(JSON.stringify(failed)).not.toContain("s3cret");
    expect(refused.kind === "answered" && refused.answers.get("1")).toMatchObject({
      problem: { upstreamCode: "[redacted]", upstreamRequestId: "id-[redacted]" },
    });
  });
});
