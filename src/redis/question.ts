import type { ToldTask } from "../cache/known-task.ts";
import type { EpochMs, TaskReference } from "../tasks/task.ts";
import type { Inquiry } from "./inquiry.ts";

/** One task and facets that somebody wants to know. Whoever wants the same joins. */
export interface Question {
  readonly id: string;
  /** Of the task in Redis. */
  readonly key: string;
  /** As scripts read facets. */
  readonly wanted: string;
  readonly reference: TaskReference;
  askers: Asker[];
  /** Names and values that the task held when it was read last. */
  fields: readonly unknown[];
  /** How often another replica was found asking. */
  timesTheirs: number;
}

export interface Asker {
  readonly inquiry: Inquiry;
  readonly index: number;
}

/** False when nobody waits for it any more. Who has waited long enough is told what is known. */
export function isStillWanted(question: Question, now: EpochMs, readKnown: () => ToldTask | null): boolean {
  const mayWait = ({ inquiry }: Asker): boolean => !inquiry.isOver && now < inquiry.giveUpAt;
  const { askers } = question;
  if (askers.every(mayWait)) return true;
  question.askers = askers.filter(mayWait);
  const known = readKnown();
  for (const asker of askers) if (!mayWait(asker)) asker.inquiry.settle(asker.index, known);
  return question.askers.length > 0;
}
