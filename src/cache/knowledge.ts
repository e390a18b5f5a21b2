import { type FoundOutcome, nothingMissing, type Outcome } from "../tasks/outcome.ts";
import { createProblem, type Problem } from "../tasks/problem.ts";
import type { EpochMs } from "../tasks/task.ts";
import type { TaskKey } from "../tasks/task-key.ts";
import type { AnswerMemory } from "./answer-memory.ts";
import { freshUntil, staleUntil } from "./freshness.ts";
import {
  completeAnswer,
  freshAnswer,
  type KnownAnswer,
  type KnownTask,
  lastAnswer,
  learn,
  type ToldTask,
} from "./known-task.ts";
import type { PollRange } from "./poll-hint.ts";
import { type LoadedTask, problemReading, readingOf, staleReadingOf } from "./reading.ts";
import type { SharedAnswers } from "./shared-answers.ts";

/** What this process knows of tasks, and shows of them. */
export interface Knowledge {
  /** What is known well enough; undefined when somebody has to be asked. */
  recall(key: TaskKey, now: EpochMs): LoadedTask | undefined;
  /** Another replica has told that. */
  hear(key: TaskKey, told: ToldTask): void;
  /** Learns what asking an upstream came to, tells other replicas, and answers what is to be shown of it. */
  take(key: TaskKey, outcome: Outcome, now: EpochMs): LoadedTask;
}

export interface KnowledgeOptions {
  readonly memory: AnswerMemory;
  /** Null for a process that shares with nobody. */
  readonly shared: SharedAnswers | null;
  pollRangeOf(key: TaskKey): PollRange;
  random(): number;
}

const outdated = createProblem("NOT_RETURNED", "The task has changed while this part of it was asked for.");

export function createKnowledge({ memory, shared, pollRangeOf, random }: KnowledgeOptions): Knowledge {
  function recall(key: TaskKey, now: EpochMs): LoadedTask | undefined {
    const known = memory.get(key.reference.id);
    if (!known) return undefined;
    const range = pollRangeOf(key);
    const answer = freshAnswer(known, key.facets, range, now);
    return answer ? show(answer, known, range) : undefined;
  }

  function show(answer: KnownAnswer, known: KnownTask, range: PollRange): LoadedTask {
    return answer.kind === "found" ? readingOf(answer, known, range, random) : problemReading(answer.problem);
  }

  function learnAnswer({ reference }: TaskKey, answer: KnownAnswer, range: PollRange): KnownTask {
    const before = memory.get(reference.id);
    const known = learn(before, answer);
    if (known === before) return known;
    memory.set(reference.id, known);
    // A late one may tell no more than that the task has changed since, which others would take for an answer.
    if (!known.answers.includes(answer)) return known;
    shared?.publish(reference, answer, {
      firstSeenAt: known.firstSeenAt,
      freshUntilAt: freshUntil(answer, range),
      keepUntilAt: staleUntil(answer, range),
    });
    return known;
  }

  function takeFound(key: TaskKey, outcome: FoundOutcome): LoadedTask {
    const range = pollRangeOf(key);
    const known = learnAnswer(key, outcome, range);
    const { source, missing } = outcome;
    const newer = newerThan(outcome, known, key, range, missing);
    if (newer) return newer;
    return { ...readingOf(outcome, known, range, random), source, missing };
  }

  function takeRefused(key: TaskKey, answer: KnownAnswer): LoadedTask {
    const range = pollRangeOf(key);
    const known = learnAnswer(key, answer, range);
    return newerThan(answer, known, key, range) ?? show(answer, known, range);
  }

  /** What is shown in an answer's place, because it came late; null when nothing newer is known. */
  function newerThan(
    answer: KnownAnswer,
    known: KnownTask,
    key: TaskKey,
    range: PollRange,
    notTold = nothingMissing,
  ): LoadedTask | null {
    const [newest] = known.answers;
    if (newest.sequence <= answer.sequence || known.answers.includes(answer)) return null;
    const complete = completeAnswer(known, key.facets);
    // What tells all may be older still, of any age.
    const newer = complete && complete.sequence > answer.sequence ? complete : newest;
    if (newer.kind === "refused") {
      const isOfThis = answer.kind === "refused" || !newer.wanted || newer.wanted.isSubsetOf(answer.facets);
      return isOfThis ? problemReading(newer.problem) : null;
    }
    // Where not all of it is told, the task has changed, and what came late belongs to what it was; or it did not come at all.
    const untold = [...key.facets.difference(newer.facets)];
    const missing = new Map(untold.map((facet) => [facet, notTold.get(facet) ?? outdated]));
    return { ...readingOf(newer, known, range, random), missing };
  }

  /** Nothing new could be had: the last that is known, as long as it is worth something, or the problem alone. */
  function fallBack(key: TaskKey, problem: Problem, now: EpochMs): LoadedTask {
    const known = memory.get(key.reference.id);
    if (!known) return problemReading(problem);
    // Somebody else may have had an answer in the meantime.
    const fresh = recall(key, now);
    if (fresh) return fresh;
    const range = pollRangeOf(key);
    const last = lastAnswer(known, key.facets, problem, range, now);
    return last ? staleReadingOf(last, known, problem, range, now, random) : problemReading(problem);
  }

  return {
    recall,
    hear({ reference: { id } }, { firstSeenAt, answers }) {
      const before = memory.get(id);
      const after = answers.reduce<KnownTask | undefined>(learn, before);
      if (!after || after === before) return;
      memory.set(id, { ...after, firstSeenAt: Math.min(firstSeenAt, after.firstSeenAt) });
    },
    take(key, outcome, now) {
      if (outcome.kind === "found") return takeFound(key, outcome);
      const { problem, told } = outcome;
      if (!told) return fallBack(key, problem, now);
      const wanted = problem.code === "FORBIDDEN" ? { wanted: key.facets } : {};
      return takeRefused(key, { kind: "refused", problem, ...told, ...wanted });
    },
  };
}
