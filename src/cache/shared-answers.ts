import type { EpochMs, TaskReference } from "../tasks/task.ts";
import type { AskLimits, TaskKey } from "../tasks/task-key.ts";
import type { KnownAnswer, ToldTask } from "./known-task.ts";

/**
 * What several replicas know together. An optimisation: while it is away each goes on with what it knows itself. Nothing
 * here rejects or throws.
 */
export interface SharedAnswers {
  /** While it is not, the others do nothing, at no cost. */
  isAvailable(): boolean;
  /**
   * Reads what others have told of tasks. Where that is not good enough any more the question becomes this replica's to
   * ask, at once, because the others will wait for it; unless another one is asking it already.
   */
  consult(keys: readonly TaskKey[], limits: AskLimits): Promise<Consultation>;
  /** Tells the others. An answer to an older call never takes a newer one's place. */
  publish(reference: TaskReference, answer: KnownAnswer, times: AnswerTimes): void;
  /** Asked, and told if there was anything to tell: others need not wait for this replica any more. */
  release(keys: readonly TaskKey[]): void;
}

export interface Consultation {
  /** What is told by key, good or not; null where nothing is. */
  readonly told: readonly (ToldTask | null)[];
  /** Those that other replicas are asking about; null when there are none. */
  readonly awaited: AwaitedAnswers | null;
}

export interface AwaitedAnswers {
  /** Places among the keys. */
  readonly indexes: ReadonlySet<number>;
  /** By key: what came of that. Not waited for long: after that the question is this replica's, too. */
  readonly told: Promise<readonly (ToldTask | null)[]>;
}

export interface AnswerTimes {
  readonly firstSeenAt: EpochMs;
  /** Until then nobody has to ask again. */
  readonly freshUntilAt: EpochMs;
  /** Until then it may be of use. */
  readonly keepUntilAt: EpochMs;
}
