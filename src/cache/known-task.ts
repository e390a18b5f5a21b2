import type { Told } from "../tasks/outcome.ts";
import { nothingMissing } from "../tasks/outcome.ts";
import type { Problem } from "../tasks/problem.ts";
import type { EpochMs, TaskState } from "../tasks/task.ts";
import { isFresh, staleUntil } from "./freshness.ts";
import type { PollRange } from "./poll-hint.ts";

/** What an upstream said of a task. */
export type KnownAnswer = FoundAnswer | RefusedAnswer;

export interface FoundAnswer extends Told {
  readonly kind: "found";
  readonly state: TaskState;
  /** The costlier parts that it tells. */
  readonly facets: ReadonlySet<string>;
}

/** There is no such task, or it is not ours to see. */
export interface RefusedAnswer extends Told {
  readonly kind: "refused";
  readonly problem: Problem;
  /** Who wants less may still be told: a costlier part may be all that is not ours to see. Default: nobody may. */
  readonly wanted?: ReadonlySet<string>;
}

/** All that is known of a task. Never changed: what is learnt makes a new one. */
export interface KnownTask extends ToldTask {
  /** Older answers are about another status. */
  readonly sinceSequence: number;
}

/** What is told of a task from one replica to another. */
export interface ToldTask {
  /** When the first answer came that is remembered; the next best thing to a time of creation. */
  readonly firstSeenAt: EpochMs;
  /** Newest first. Older ones are kept for the parts that no newer one tells. */
  readonly answers: readonly [KnownAnswer, ...KnownAnswer[]];
}

/** What is known after an answer has come, whenever it comes: one to an older call never takes a newer one's place. */
export function learn(known: KnownTask | undefined, answer: KnownAnswer): KnownTask {
  if (!known) return { firstSeenAt: answer.observedAt, sinceSequence: 0, answers: [answer] };
  if (answer.sequence < known.sinceSequence || isTold(known, answer)) return known;
  const firstSeenAt = Math.min(known.firstSeenAt, answer.observedAt);
  const [newest] = known.answers;
  if (answer.sequence < newest.sequence) return learnLate({ ...known, firstSeenAt }, answer);
  const hasChanged = !isOfSameStatus(answer, newest);
  return {
    firstSeenAt,
    sinceSequence: hasChanged ? newest.sequence : known.sinceSequence,
    answers: hasChanged ? [answer] : withoutTold([answer, ...known.answers]),
  };
}

/** An older one may tell a part that nobody told since, or that the task was in another status when it left. */
function learnLate(known: KnownTask, answer: KnownAnswer): KnownTask {
  const [newest, ...older] = known.answers;
  if (isOfSameStatus(answer, newest)) {
    return { ...known, answers: withoutTold([newest, ...[...older, answer].toSorted(newestFirst)]) };
  }
  const since = older.filter(({ sequence }) => sequence > answer.sequence);
  return { ...known, sinceSequence: answer.sequence, answers: [newest, ...since] };
}

const newestFirst = (left: KnownAnswer, right: KnownAnswer): number => right.sequence - left.sequence;

/** True when it says nothing that is not known. */
function isTold({ answers }: KnownTask, answer: KnownAnswer): boolean {
  return answers.some((other) => other.sequence >= answer.sequence && covers(other, facetsOf(answer)));
}

/** What an older answer says of a part is worth something as long as the task has not changed since. */
function isOfSameStatus(answer: KnownAnswer, other: KnownAnswer): boolean {
  if (answer.kind !== "found" || other.kind !== "found") return false;
  return answer.state.rawStatus.value === other.state.rawStatus.value;
}

/** Newest first, and of the others those that tell a part which no newer one tells. */
function withoutTold([newest, ...older]: KnownTask["answers"]): KnownTask["answers"] {
  const kept: [KnownAnswer, ...KnownAnswer[]] = [newest];
  for (const answer of older) if (!kept.some((newer) => covers(newer, facetsOf(answer)))) kept.push(answer);
  return kept;
}

const nothing: ReadonlySet<string> = new Set();

const facetsOf = (answer: KnownAnswer): ReadonlySet<string> => (answer.kind === "found" ? answer.facets : nothing);

/** A richer answer serves a poorer question, never the reverse. What is not there has no parts. */
function covers(answer: KnownAnswer, wanted: ReadonlySet<string>): boolean {
  return wanted.size === 0 || answer.kind === "refused" || wanted.isSubsetOf(answer.facets);
}

/** The newest answer that tells all that is wanted, however old. */
export function completeAnswer({ answers }: ToldTask, wanted: ReadonlySet<string>): KnownAnswer | undefined {
  return answers.find((known) => covers(known, wanted));
}

/** An answer to the question that is good enough not to ask again; null when there is none. */
export function freshAnswer(
  known: KnownTask,
  wanted: ReadonlySet<string>,
  range: PollRange,
  now: EpochMs,
): KnownAnswer | null {
  const answer = completeAnswer(known, wanted);
  return answer && isFresh(answer, range, now) ? answer : null;
}

/** The last that was known, where nothing newer can be had. */
export interface LastAnswer {
  readonly answer: FoundAnswer;
  /** Costlier parts that were wanted and are not known. */
  readonly missing: ReadonlyMap<string, Problem>;
}

/**
 * What may be shown although its time is over, because of the problem that kept a newer answer away; null when there is
 * nothing, or when it is too old.
 */
export function lastAnswer(
  { answers }: KnownTask,
  wanted: ReadonlySet<string>,
  problem: Problem,
  range: PollRange,
  now: EpochMs,
): LastAnswer | null {
  const [newest] = answers;
  if (newest.kind === "refused") return null;
  const complete = answers.find((known) => covers(known, wanted) && now < staleUntil(known, range));
  const answer = complete?.kind === "found" ? complete : newest;
  if (now >= staleUntil(answer, range)) return null;
  if (answer === complete) return { answer, missing: nothingMissing };
  return { answer, missing: new Map([...wanted.difference(answer.facets)].map((facet) => [facet, problem])) };
}
