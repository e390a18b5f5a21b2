import { Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";

/** What operators see of the upstream side. Labels are provider and outcome, never a task id. */
export interface Metrics {
  /** One attempt of a call: its HTTP status class, or why it failed. */
  upstreamAttempt(provider: string, outcome: string, durationSeconds: number): void;
  /** One task call and how many ids it carried. */
  taskCall(provider: string, ids: number): void;
  /** Rows of an answer that nobody asked for. */
  foreignRows(provider: string, rows: number): void;
  /** What a look-up came to: `found`, or a problem code. */
  lookup(provider: string, outcome: string): void;
  /** A raw status that no table knows. */
  unknownStatus(provider: string): void;
  /** Prometheus text and its content type. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const attempts = new Histogram({
    name: "batch_task_upstream_attempt_duration_seconds",
    help: "Duration of single attempts of upstream calls",
    labelNames: ["provider", "outcome"],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const callIds = new Histogram({
    name: "batch_task_upstream_call_ids",
    help: "Task ids carried by one upstream call",
    labelNames: ["provider"],
    buckets: [1, 2, 5, 10, 25, 50, 75, 100],
    registers,
  });
  const foreign = new Counter({
    name: "batch_task_foreign_rows_total",
    help: "Rows of upstream answers that nobody asked for, dropped",
    labelNames: ["provider"],
    registers,
  });
  const lookups = new Counter({
    name: "batch_task_lookups_total",
    help: "Looked up tasks by what came of it",
    labelNames: ["provider", "outcome"],
    registers,
  });
  const unknown = new Counter({
    name: "batch_task_unknown_status_total",
    help: "Raw statuses that no table knows",
    labelNames: ["provider"],
    registers,
  });
  return {
    upstreamAttempt: (provider, outcome, seconds) => attempts.observe({ provider, outcome }, seconds),
    taskCall: (provider, ids) => callIds.observe({ provider }, ids),
    foreignRows: (provider, rows) => foreign.inc({ provider }, rows),
    lookup: (provider, outcome) => lookups.inc({ provider, outcome }),
    unknownStatus: (provider) => unknown.inc({ provider }),
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
