import type { KnownAnswer, ToldTask } from "../cache/known-task.ts";
import type { EpochMs } from "../tasks/task.ts";
import { readAnswer, type SharedAnswer, writeAnswer } from "./answer-text.ts";
import { listFacets } from "./facet-list.ts";
import type { Sealing } from "./sealing.ts";

/** The field of a task's hash that an answer stands in. */
export const fieldOf = (answer: KnownAnswer): string =>
  answer.kind === "found" ? `a:${listFacets(answer.facets)}` : "n";

/** What stands before the sealed part, for the scripts: sequence, and until when nobody has to ask again. */
const headPattern = /^\d{1,16}:\d{1,16}:/;

const longestHead = 34;

/** An answer as it stands in its field. Opens in this field of this key only. */
export function sealAnswer(shared: SharedAnswer, freshUntilAt: EpochMs, key: string, sealing: Sealing): Buffer {
  const head = `${shared.answer.sequence}:${Math.max(0, Math.round(freshUntilAt))}:`;
  const sealed = sealing.seal(writeAnswer(shared), placeOf(key, fieldOf(shared.answer), head));
  return Buffer.concat([Buffer.from(head), sealed]);
}

const placeOf = (key: string, field: string, head: string): string => `${key}\n${field}\n${head}`;

/** Until when a task must not share a call. Opens in the hash of this key only. */
export const sealSuspicion = (untilAt: EpochMs, key: string, sealing: Sealing): Buffer =>
  sealing.seal(String(Math.round(untilAt)), placeOf(key, "q", ""));

/** What a task's hash holds. */
export interface HeldAnswers {
  /** Null when nothing of use is told. */
  readonly known: ToldTask | null;
  /** When the task may share calls again; 0 when it may. */
  readonly suspectUntilAt: EpochMs;
}

/** Longer than anybody ever sets, so it was not set by one of us. */
const longestSuspicionMs = 600_000;

/** @param fields names and values in turn, as Redis lists them. What is not ours is nothing */
export function readHeld(
  fields: readonly unknown[],
  key: string,
  sealing: Sealing,
  now: EpochMs,
  witness: (sequence: number) => void,
): HeldAnswers {
  const told: SharedAnswer[] = [];
  let suspectUntilAt = 0;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const field = String(fields[at]);
    const value = fields[at + 1];
    if (!Buffer.isBuffer(value)) continue;
    if (field === "q") suspectUntilAt = readSuspicion(sealing.open(value, placeOf(key, "q", "")), now);
    if (field !== "n" && !field.startsWith("a:")) continue;
    const shared = openAnswer(value, key, field, sealing, now);
    if (!shared) continue;
    witness(shared.answer.sequence);
    told.push(shared);
  }
  return { known: toldTaskOf(told), suspectUntilAt };
}

function toldTaskOf(told: readonly SharedAnswer[]): ToldTask | null {
  const [newest, ...older] = told.toSorted((left, right) => right.answer.sequence - left.answer.sequence);
  if (!newest) return null;
  return {
    firstSeenAt: Math.min(...told.map(({ firstSeenAt }) => firstSeenAt)),
    answers: [newest.answer, ...older.map(({ answer }) => answer)],
  };
}

function openAnswer(value: Buffer, key: string, field: string, sealing: Sealing, now: EpochMs): SharedAnswer | null {
  const head = headPattern.exec(value.toString("latin1", 0, longestHead))?.[0];
  if (!head) return null;
  const text = sealing.open(value.subarray(head.length), placeOf(key, field, head));
  const shared = text === null ? null : readAnswer(text, now);
  return shared && fieldOf(shared.answer) === field ? shared : null;
}

function readSuspicion(text: string | null, now: EpochMs): EpochMs {
  const untilAt = text !== null && /^\d{1,16}$/.test(text) ? Number(text) : 0;
  return untilAt > now && untilAt <= now + longestSuspicionMs ? untilAt : 0;
}
