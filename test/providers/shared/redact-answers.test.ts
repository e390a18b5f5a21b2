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

  it("leaves a task without secrets the object that it is", async () => {
    const state = taskNamed("a");

    const answer = await askRedacted(answered(["1", { state }]));

    expect(answer.kind === "answered" && answer.answers.get("1")).toHaveProperty("state", state);
    expect(answer.kind === "answered" && answer.answers.get("1") && "state" in (answer.answers.get("1") ?? {})).toBe(
      true,
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
