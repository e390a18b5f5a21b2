import type { Problem, ProblemCode } from "../../tasks/problem.ts";
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
  "CIRCUIT_OPEN",
  "RATE_LIMITED",
  "TIMEOUT",
  "UPSTREAM_UNAVAILABLE",
]);

/** The vendor's default. An upstream that cuts its answers although it was asked for more may cut them here. */
const defaultPageRows = 5;

/** What was learnt about an upstream from its answers; kept by the client from batch to batch. */
export interface SeenPaging {
  /**
   * An answer to more jobs than these may be cut: the default, until an answer with more rows shows that the size we ask
   * for is honoured, and again when a job turns out to have been cut off.
   */
  cutAfter: number;
}

export function createSeenPaging(): SeenPaging {
  return { cutAfter: defaultPageRows };
}

interface Progress {
  readonly answers: Map<string, IdAnswer>;
  /** Yet to be asked. */
  readonly groups: (readonly string[])[];
  /** Of those jobs whose call failed and that could not be asked for again. */
  readonly problems: Map<string, Problem>;
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
 * A call that fails for a reason that one job can be is divided, the first one too, so that all of this stays within the
 * budget. Otherwise a first call that fails is the failure of all; a later one touches only the jobs it asked for, and
 * those that it made pointless to ask for.
 */
export async function askUntilComplete(
  ids: readonly string[],
  ask: (ids: readonly string[]) => Promise<GroupAnswer>,
  missing: MissingAnswers,
  paging: SeenPaging,
  now: () => number,
): Promise<CallAnswer> {
  const answers = new Map<string, IdAnswer>();
  const progress: Progress = {
    answers,
    groups: [ids],
    problems: new Map(),
    leftOut: new Map(),
    paging,
    foreignRows: 0,
    observedAt: null,
  };
  for (let calls = 0; calls < maxCallsPerBatch; calls += 1) {
    const group = progress.groups.shift();
    if (!group) break;
    const answer = await ask(group);
    if (answer.kind === "failed" && calls === 0 && !isWorthDividing(answer, group)) return answer;
    if (answer.kind === "page") takePage(progress, group, answer, missing.notFound);
    else if (answer.kind === "failed") takeFailure(progress, group, answer);
    else progress.groups.push(...chunksOf(group, 1));
  }
  for (const id of ids) if (!answers.has(id)) answers.set(id, answerOfLeftOver(id, progress, missing));
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

/** The calls are used up. What is known of a job's failure is not for certain, so it is worth asking again. */
function answerOfLeftOver(id: string, { problems }: Progress, { notReturned }: MissingAnswers): IdAnswer {
  const problem = problems.get(id);
  return problem ? { problem: { ...problem, retryable: true } } : notReturned;
}

/** A job that has a row now and had none before was left out because its answer was cut. */
function learnPaging({ leftOut, paging }: Progress, page: GroupPage, missing: readonly string[]): void {
  if (page.answers.size > paging.cutAfter) paging.cutAfter = Number.POSITIVE_INFINITY;
  for (const id of page.answers.keys()) {
    const rows = leftOut.get(id);
    if (rows !== undefined) paging.cutAfter = Math.min(paging.cutAfter, Math.max(rows, defaultPageRows));
  }
  for (const id of missing) leftOut.set(id, page.answers.size);
}

/** None of the jobs exists, unless the answer may be cut: then its rows would have been about the first jobs only. */
function takeEmptyPage(progress: Progress, group: readonly string[], notFound: IdAnswer): void {
  if (group.length <= progress.paging.cutAfter) answerAll(progress, group, notFound);
  else progress.groups.push(...chunksOf(group, progress.paging.cutAfter));
}

/** Jobs that had their place on the first page and no row go last: they would take the places of others again. */
function lateOnesFirst(group: readonly string[], missing: readonly string[]): readonly string[] {
  const early = new Set(group.slice(0, defaultPageRows));
  return [...missing.filter((id) => !early.has(id)), ...missing.filter((id) => early.has(id))];
}

function takeFailure(progress: Progress, group: readonly string[], failure: FailedCall): void {
  const { problem } = failure;
  if (isWorthDividing(failure, group)) {
    for (const id of group) progress.problems.set(id, problem);
    progress.groups.push(...halvesOf(group));
  } else if (lastingFailures.has(problem.code)) {
    answerAll(progress, [...group, ...progress.groups.splice(0).flat()], { problem });
  } else answerAll(progress, group, { problem });
}

function isWorthDividing({ divisible }: FailedCall, group: readonly string[]): boolean {
  return divisible && group.length > 1;
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
