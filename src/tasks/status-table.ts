import type { RawStatus, StatusLabels, TaskStatus } from "./task.ts";

/** What one raw status value means. */
export interface StatusMeaning {
  readonly status: TaskStatus;
  readonly isTerminal: boolean;
  readonly needsAttention: boolean;
  readonly labels: StatusLabels | null;
  readonly inferred?: true;
}

/** Raw value, folded as the table's provider compares it, to meaning. Data, not code. */
export type StatusTable = Readonly<Record<string, StatusMeaning>>;

/** An operator's own reading of a raw value, from the account's `statusOverrides`. */
export interface StatusOverride {
  readonly status: TaskStatus;
  readonly isTerminal: boolean;
  readonly needsAttention: boolean;
}

export interface StatusReading {
  readonly status: TaskStatus;
  readonly isTerminal: boolean;
  readonly needsAttention: boolean;
  readonly rawStatus: RawStatus;
}

const unknownMeaning: StatusMeaning = { status: "UNKNOWN", isTerminal: false, needsAttention: true, labels: null };

const maxRawStatusLength = 64;

/** Finds a meaning for a raw value; null when nothing is known about it. */
export type MeaningLookup = (raw: string) => StatusMeaning | null;

/**
 * The words of a table: `fold` turns what the upstream wrote into the table's spelling, `rule` may read a value outside
 * the table (such a meaning is marked as inferred). An account's overrides win over both, and keep the table's labels.
 */
export function createMeaningLookup(
  table: StatusTable,
  fold: (raw: string) => string,
  options: { readonly rule?: MeaningLookup; readonly overrides?: Readonly<Record<string, StatusOverride>> } = {},
): MeaningLookup {
  const meanings = new Map(Object.entries(table));
  for (const [raw, override] of Object.entries(options.overrides ?? {})) {
    meanings.set(fold(raw), { ...override, labels: meanings.get(fold(raw))?.labels ?? null });
  }
  return (raw) => meanings.get(fold(raw)) ?? options.rule?.(fold(raw)) ?? null;
}

/** Reads a raw value. What is not understood is UNKNOWN and asks for attention; it is never guessed to be terminal. */
export function readStatus(raw: string, meaningOf: MeaningLookup): StatusReading {
  const { status, isTerminal, needsAttention, labels, inferred = false } = meaningOf(raw) ?? unknownMeaning;
  return { status, isTerminal, needsAttention, rawStatus: { value: displayable(raw), labels, inferred } };
}

/** Nearly every raw value is a short plain word already. */
const shortPlainText = /^[ -~]{0,64}$/;

function displayable(raw: string): string {
  if (shortPlainText.test(raw)) return raw;
  return [...raw.replace(/\p{Cc}/gu, "")].slice(0, maxRawStatusLength).join("");
}
