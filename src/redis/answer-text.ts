import { z } from "zod";
import type { KnownAnswer } from "../cache/known-task.ts";
import { type Problem, problemCodes } from "../tasks/problem.ts";
import { type EpochMs, type TaskState, taskStatuses } from "../tasks/task.ts";
import { parseJson } from "./parse-json.ts";

/** Part of the keys, too: replicas of another version neither read nor write what this one does. */
export const answersVersion = 1;

/** An answer and what is to be known with it. */
export interface SharedAnswer {
  readonly answer: KnownAnswer;
  readonly firstSeenAt: EpochMs;
}

export function writeAnswer({ answer, firstSeenAt }: SharedAnswer): string {
  const told = answer.kind === "found" ? { ...answer, facets: [...answer.facets] } : answer;
  return JSON.stringify({ version: answersVersion, firstSeenAt, told });
}

const text = z.string().nullable();
const number = z.number().nullable();

/** Further fields are plain data of the provider's own type; which those are is for nobody here to know. */
const state: z.ZodType<TaskState> = z.looseObject({
  status: z.enum(taskStatuses),
  isTerminal: z.boolean(),
  needsAttention: z.boolean(),
  rawStatus: z.object({
    value: z.string(),
    labels: z.object({ en: z.string(), "zh-CN": z.string() }).nullable(),
    inferred: z.boolean(),
  }),
  name: text,
  createdAt: number,
  startedAt: number,
  finishedAt: number,
  elapsedSeconds: number,
  progress: z.object({ percent: number, total: number, succeeded: number, failed: number }).nullable(),
  failure: z.object({ code: text, message: text, recoverable: z.boolean().nullable() }).nullable(),
  webUrl: z
    .string()
    .regex(/^https?:\/\//)
    .nullable(),
});

const problem: z.ZodType<Problem> = z.object({
  code: z.enum(problemCodes),
  message: z.string(),
  retryable: z.boolean(),
  retryAfterAt: number,
  upstreamCode: text,
  upstreamRequestId: text,
});

const told = { observedAt: z.number(), sequence: z.number() };

const sharedAnswer = z.object({
  version: z.literal(answersVersion),
  firstSeenAt: z.number(),
  told: z.discriminatedUnion("kind", [
    z.object({
      ...told,
      kind: z.literal("found"),
      state,
      facets: z.array(z.string()).transform((facets) => new Set(facets)),
    }),
    z.object({ ...told, kind: z.literal("refused"), problem }),
  ]),
});

/** An answer of a replica whose clock is ahead would be taken for that much younger than it is. */
export const mostAheadMs = 5_000;

/** No provider's task has that many levels; what has more could overflow the stack of whoever goes through it. */
const mostLevels = 20;

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeperThan(levels - 1, part));
}

/** Null for a text that this version would not have written, or that is from the future. */
export function readAnswer(written: string, now: EpochMs): SharedAnswer | null {
  const parsed = parseJson(written);
  if (isDeeperThan(mostLevels, parsed)) return null;
  const { data } = sharedAnswer.safeParse(parsed);
  if (!data) return null;
  const { told: answer, firstSeenAt } = data;
  const latestAt = now + mostAheadMs;
  if (answer.observedAt > latestAt || firstSeenAt > latestAt || answer.sequence > latestAt * 1000) return null;
  return { answer, firstSeenAt };
}
