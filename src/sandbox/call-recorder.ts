const MAX_RECORDED_CALLS = 1000;

/** One inbound call as the sandbox saw it. */
export interface RecordedCall {
  readonly method: string;
  /** Without the query, percent-encoding kept. */
  readonly path: string;
  readonly rawQuery: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** As written in the call, duplicates included; null for calls that ask for no task. */
  readonly taskIds: readonly string[] | null;
  /** The status sent; null when none was (reset, silence). */
  readonly status: number | null;
  /** The kinds of faults that met the call: `latency+reset`; null for none. */
  readonly fault: string | null;
  /** Arrival, epoch milliseconds of the sandbox's clock. */
  readonly at: number;
}

/** Totals count every call since the last clearing, also those that are no longer kept. */
export interface CallTotals {
  readonly calls: number;
  readonly taskCalls: number;
  readonly ids: number;
  /** How many task calls carried that many ids, by the number of ids. */
  readonly callsByIdCount: Readonly<Record<string, number>>;
}

export interface CallRecorder {
  record(call: RecordedCall): void;
  /** The last 1000 calls, oldest first; a copy. */
  calls(): readonly RecordedCall[];
  totals(): CallTotals;
  clear(): void;
}

export function createCallRecorder(): CallRecorder {
  let kept: RecordedCall[] = [];
  let calls = 0;
  let callsByIdCount = new Map<number, number>();

  return {
    record(call) {
      calls += 1;
      kept.push(call);
      // Cut in bulk: shifting one entry per call costs more than the answer itself under load.
      if (kept.length >= 2 * MAX_RECORDED_CALLS) kept = kept.slice(-MAX_RECORDED_CALLS);
      if (call.taskIds === null) return;
      const idCount = call.taskIds.length;
      callsByIdCount.set(idCount, (callsByIdCount.get(idCount) ?? 0) + 1);
    },
    calls: () => kept.slice(-MAX_RECORDED_CALLS),
    totals: () => summarize(calls, callsByIdCount),
    clear() {
      kept = [];
      calls = 0;
      callsByIdCount = new Map();
    },
  };
}

function summarize(calls: number, callsByIdCount: ReadonlyMap<number, number>): CallTotals {
  let taskCalls = 0;
  let ids = 0;
  for (const [idCount, count] of callsByIdCount) {
    taskCalls += count;
    ids += idCount * count;
  }
  return { calls, taskCalls, ids, callsByIdCount: Object.fromEntries(callsByIdCount) };
}
