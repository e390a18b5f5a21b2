import type { ProblemCode } from "../../tasks/problem.ts";
import type { CallAnswer, FailedCall, IdAnswer } from "../provider.ts";

/** What one call said about the jobs it asked for. */
export type GroupAnswer = GroupPage | SinglesOnly | FailedCall;

export interface GroupPage {
  readonly kind: "page";
  /** Of the jobs that had a row. */
  readonly answers: ReadonlyMap<string, IdAnswer>;
  readonly foreignRows: number;
  readonly observedAt: number;
  /** False for rows that came along with a refusal. */
  readonly isSuccess: boolean;
}

/** The upstream takes one id per call. */
export interface SinglesOnly {
  readonly kind: "singles-only";
}

/** Enough for 100 jobs at the default of 5 rows per answer, and a few that do not exist. */
export const maxCallsPerBatch = 24;

export interface MissingAnswers {
  /** A whole answer without a row shows that the job does not exist. */
  readonly notFound: IdAnswer;
  /** A partial answer proves nothing. */
  readonly notReturned: IdAnswer;
}

/** Failures that the next call would meet again, whatever it asks for. */
const lastingFailures: ReadonlySet<ProblemCode> = new Set([
  "AUTH_FAILED",
  "RATE_LIMITED",
  "TIMEOUT",
  "UPSTREAM_UNAVAILABLE",
]);

interface Progress {
  readonly answers: Map<string, IdAnswer>;
  /** Yet to be asked. */
  readonly groups: (readonly string[])[];
  foreignRows: number;
  /** The first answer's time: a batch is not newer than its oldest part. */
  observedAt: number | null;
}

/**
 * Asks until every job has an answer. An answer may hold fewer rows than jobs were asked for, because the upstream cuts
 * it into pages (of 5, unless it honours the size we ask for) or because a job does not exist. Pages count the ids of
 * the request, so asking again for just those that are missing shows which it was.
 *
 * A first call that fails is the failure of all. A later one touches only the jobs it asked for, and those that it made
 * pointless to ask for.
 */
export async function askUntilComplete(
  ids: readonly string[],
  ask: (ids: readonly string[]) => Promise<GroupAnswer>,
  missing: MissingAnswers,
  now: () => number,
): Promise<CallAnswer> {
  const progress: Progress = { answers: new Map(), groups: [ids], foreignRows: 0, observedAt: null };
  for (let calls = 0; calls < maxCallsPerBatch; calls += 1) {
    const group = progress.groups.shift();
    if (!group) break;
    const answer = await ask(group);
    if (answer.kind === "failed" && calls === 0) return answer;
    if (answer.kind === "page") takePage(progress, group, answer, missing.notFound);
    else if (answer.kind === "failed") takeFailure(progress, group, answer);
    else progress.groups.push(...group.map((id) => [id]));
  }
  const { answers, foreignRows, observedAt } = progress;
  for (const id of ids) if (!answers.has(id)) answers.set(id, missing.notReturned);
  return { kind: "answered", answers, foreignRows, observedAt: observedAt ?? now() };
}

function takePage(progress: Progress, group: readonly string[], page: GroupPage, notFound: IdAnswer): void {
  for (const [id, answer] of page.answers) progress.answers.set(id, answer);
  progress.foreignRows += page.foreignRows;
  progress.observedAt ??= page.observedAt;
  const missing = group.filter((id) => !progress.answers.has(id));
  if (missing.length === 0) return;
  if (!page.isSuccess) progress.groups.push(...halvesOf(missing));
  else if (page.answers.size > 0) progress.groups.push(missing);
  else if (page.foreignRows === 0) answerAll(progress, missing, notFound);
}

function takeFailure(progress: Progress, group: readonly string[], { problem, divisible }: FailedCall): void {
  if (lastingFailures.has(problem.code))
    answerAll(progress, [...group, ...progress.groups.splice(0).flat()], { problem });
  else if (divisible && group.length > 1) progress.groups.push(...halvesOf(group));
  else answerAll(progress, group, { problem });
}

function answerAll(progress: Progress, ids: readonly string[], answer: IdAnswer): void {
  for (const id of ids) progress.answers.set(id, answer);
}

function halvesOf(ids: readonly string[]): readonly (readonly string[])[] {
  const middle = Math.ceil(ids.length / 2);
  return [ids.slice(0, middle), ids.slice(middle)].filter((half) => half.length > 0);
}
