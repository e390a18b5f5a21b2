import { type TaskPhase, taskLifeAt } from "../task-life.ts";
import type { EiotclubSwitches } from "./switches.ts";

const FIRST_ID = 884_001;
const TASK_COUNT = 400;

const STATUS_BY_PHASE: Readonly<Record<TaskPhase, string>> = {
  waiting: "0",
  running: "1",
  paused: "1",
  succeeded: "2",
  stopped: "-1",
  failed: "-2",
};

/** Made up: the vendor's wording is unknown. Empty until the task is over. */
const RESULT_BY_PHASE: Readonly<Record<TaskPhase, string>> = {
  waiting: "",
  running: "",
  paused: "",
  succeeded: "all cards changed",
  stopped: "terminated by operator",
  failed: "card 8986061900000000000 not found",
};

export const EIOTCLUB_TASK_IDS: readonly string[] = Array.from({ length: TASK_COUNT }, (_, index) =>
  String(FIRST_ID + index),
);

const TASK_ID_SET: ReadonlySet<string> = new Set(EIOTCLUB_TASK_IDS);

/** A row of `data`. The seed types all three as text. */
export interface EiotclubRow {
  readonly id: unknown;
  readonly status: unknown;
  readonly result: unknown;
}

/** The row of a task at this moment; null when there is no such task. */
export function eiotclubRow(
  id: string,
  startedAt: number,
  now: number,
  switches: EiotclubSwitches,
): EiotclubRow | null {
  const row = TASK_ID_SET.has(id) ? knownRow(id, startedAt, now) : unknownRow(id, switches);
  if (row === null) return null;
  const numbers = switches.types === "numbers" ? { id: asNumber(row.id), status: asNumber(row.status) } : {};
  const override = Object.hasOwn(switches.statusOverrides, id) ? { status: switches.statusOverrides[id] } : {};
  return { ...row, ...numbers, ...override, ...switches.rowPatches[id] };
}

function knownRow(id: string, startedAt: number, now: number): EiotclubRow {
  const { phase } = taskLifeAt(Number(id), startedAt, now);
  return { id, status: STATUS_BY_PHASE[phase], result: RESULT_BY_PHASE[phase] };
}

function unknownRow(id: string, switches: EiotclubSwitches): EiotclubRow | null {
  return switches.unknownIds === "empty-status" ? { id, status: "", result: "" } : null;
}

function asNumber(text: unknown): unknown {
  return typeof text === "string" && /^-?[0-9]+$/.test(text) ? Number(text) : text;
}
