import type { FoundAnswer } from "../../src/cache/known-task.ts";
import type { TaskState } from "../../src/tasks/task.ts";
import { taskNamed } from "../batching/upstream-of-truths.ts";

export interface AnswerParts {
  readonly state?: Partial<TaskState>;
  readonly facets?: readonly string[];
  readonly observedAt?: number;
  readonly sequence?: number;
}

export function answerOf({ state = {}, facets = [], observedAt = 0, sequence = 1 }: AnswerParts): FoundAnswer {
  return { kind: "found", state: taskNamed("task", state), facets: new Set(facets), observedAt, sequence };
}
