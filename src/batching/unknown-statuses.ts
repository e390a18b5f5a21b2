import type { Outcome } from "../tasks/outcome.ts";
import type { EpochMs } from "../tasks/task.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";

export interface UnknownStatusesOptions {
  /** Label of the metrics. */
  readonly provider: string;
  readonly metrics: Pick<Metrics, "unknownStatus">;
  readonly log: Pick<Logger, "warn">;
  now(): EpochMs;
}

/** Statuses that no table knows: a provider has a new word, and somebody should read what it means. */
export interface UnknownStatuses {
  /** Counts every answer with such a status, and logs each raw value once an hour. */
  note(outcome: Outcome): void;
}

const logAgainMs = 3_600_000;

/** An upstream that never says the same twice is not remembered in full. */
const mostValues = 1_000;

export function createUnknownStatuses({ provider, metrics, log, now }: UnknownStatusesOptions): UnknownStatuses {
  const loggedAt = new Map<string, EpochMs>();
  return {
    note(outcome) {
      if (outcome.kind !== "found" || outcome.state.status !== "UNKNOWN") return;
      metrics.unknownStatus(provider);
      const { value } = outcome.state.rawStatus;
      const at = now();
      if (at - (loggedAt.get(value) ?? Number.NEGATIVE_INFINITY) < logAgainMs) return;
      if (loggedAt.size >= mostValues) loggedAt.clear();
      loggedAt.set(value, at);
      log.warn({ provider, rawStatus: value }, "a status that no table knows");
    },
  };
}
