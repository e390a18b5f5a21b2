/** What can be wrong with the rows of a batch answer. All off by default. */
export type RowFaultSwitches = {
  /** Rows of these ids are left out. */
  dropIds: readonly string[];
  /** Every row comes a second time, after all others and with another status: the first must win. */
  doubleRows: boolean;
  /** How many rows of tasks that nobody asked for come first. */
  foreignRows: number;
};

export function noRowFaults(): RowFaultSwitches {
  return { dropIds: [], doubleRows: false, foreignRows: 0 };
}

/** Per-task changes. All off by default. */
export type TaskOverrideSwitches = {
  /** The raw status by id, of any type. */
  statusOverrides: Readonly<Record<string, unknown>>;
  /** Keys of the row by id, replaced; set to undefined in code, a key disappears. */
  rowPatches: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

export function noTaskOverrides(): TaskOverrideSwitches {
  return { statusOverrides: {}, rowPatches: {} };
}

/** A row and the id by which the switches name it. */
export interface IdentifiedRow<Row> {
  readonly id: string;
  readonly row: Row;
}

/** Spoils the rows of one answer as the switches say. `others` gives rows of tasks that nobody asked for. */
export function applyRowFaults<Row>(
  rows: readonly IdentifiedRow<Row>[],
  switches: RowFaultSwitches,
  contradict: (row: Row) => Row,
  others: (count: number) => readonly Row[],
): readonly Row[] {
  const kept = rows.filter(({ id }) => !switches.dropIds.includes(id)).map(({ row }) => row);
  const doubles = switches.doubleRows ? kept.map(contradict) : [];
  const foreign = switches.foreignRows > 0 ? others(switches.foreignRows) : [];
  return [...foreign, ...kept, ...doubles];
}
