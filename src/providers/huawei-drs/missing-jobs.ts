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

/** The vendor's default. An upstream that cuts its answers although it was asked for more may cut them here. */
const defaultPageRows = 5;

/** What was learnt about an upstream from its answers; kept by the client from batch to batch. */
export interface SeenPaging {
  /** An answer to more jobs than these may be cut; infinite until one was seen to be. */
  cutAfter: number;
}

export function createSeenPaging(): SeenPaging {
  return { cutAfter: Number.POSITIVE_INFINITY };
}

interface Progress {
  readonly answers: Map<string, IdAnswer>;
  /** Yet to be asked. */
  readonly groups: (readonly string[])[];
  /** How many rows the answer had that left the job out. */
  readonly leftOut: Map<string, number>;
  readonly paging: SeenPaging;
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
  paging: SeenPaging,
  now: () => number,
): Promise<CallAnswer> {
  const answers = new Map<string, IdAnswer>();
  const progress: Progress = { answers, groups: [ids], leftOut: new Map(), paging, foreignRows: 0, observedAt: null };
  for (let calls = 0; calls < maxCallsPerBatch; calls += 1) {
    const group = progress.groups.shift();
    if (!group) break;
    const answer = await ask(group);
    if (answer.kind === "failed" && calls === 0) return answer;
    if (answer.kind === "page") takePage(progress, group, answer, missing.notFound);
    else if (answer.kind === "failed") takeFailure(progress, group, answer);
    else progress.groups.push(...chunksOf(group, 1));
  }
  for (const id of ids) if (!answers.has(id)) answers.set(id, missing.notReturned);
  return { kind: "answered", answers, foreignRows: progress.foreignRows, observedAt: progress.observedAt ?? now() };
}

function takePage(progress: Progress, group: readonly string[], page: GroupPage, notFound: IdAnswer): void {
  for (const [id, answer] of page.answers) progress.answers.set(id, answer);
  progress.foreignRows += page.foreignRows;
  progress.observedAt ??= page.observedAt;
  const missing = group.filter((id) => !progress.answers.has(id));
  if (!page.isSuccess) {
    progress.groups.push(...halvesOf(missing));
    return;
  }
  learnPaging(progress, page, missing);
  if (missing.length === 0) return;
  if (page.answers.size > 0) progress.groups.push(lateOnesFirst(group, missing));
  else if (page.foreignRows === 0) takeEmptyPage(progress, group, notFound);
}

/** A job that has a row now and had none before was left out because its answer was cut. */
function learnPaging({ leftOut, paging }: Progress, page: GroupPage, missing: readonly string[]): void {
  for (const id of page.answers.keys()) {
    const rows = leftOut.get(id);
    if (rows !== undefined) paging.cutAfter = Math.min(paging.cutAfter, Math.max(rows, defaultPageRows));
  }
  for (const id of missing) leftOut.set(id, page.answers.size);
}

/** None of the jobs exists, unless the upstream is known to cut answers, and this one was about more jobs than fit. */
function takeEmptyPage(progress: Progress, group: readonly string[], notFound: IdAnswer): void {
  if (group.length <= progress.paging.cutAfter) answerAll(progress, group, notFound);
  else progress.groups.push(...chunksOf(group, progress.paging.cutAfter));
}

/** Jobs that had their place on the first page and no row go last: they would take the places of others again. */
function lateOnesFirst(group: readonly string[], missing: readonly string[]): readonly string[] {
  const early = new Set(group.slice(0, defaultPageRows));
  return [...missing.filter((id) => !early.has(id)), ...missing.filter((id) => early.has(id))];
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
  return chunksOf(ids, Math.ceil(ids.length / 2));
}

function chunksOf(ids: readonly string[], size: number): readonly (readonly string[])[] {
  const chunks: (readonly string[])[] = [];
  for (let start = 0; start < ids.length; start += size) chunks.push(ids.slice(start, start + size));
  return chunks;
}
