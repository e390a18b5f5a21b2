import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What operators see of the upstream side. Labels are provider, configured account and outcome, never a task id. */
export interface Metrics {
  /** One attempt of a call: its HTTP status class, or why it failed. */
  upstreamAttempt(provider: string, outcome: string, durationSeconds: number): void;
  /** One attempt that repeats an earlier one of its call, and why. */
  upstreamRepeat(provider: string, because: string): void;
  /** One attempt that was told that it asks too often, by HTTP status or in the body. */
  upstreamThrottled(provider: string): void;
  /** One attempt that was not sent: `circuit-open` or `held-back`. */
  upstreamWithheld(provider: string, reason: string): void;
  /** An account's breaker changed to `closed`, `open` or `half-open`. */
  breakerChange(provider: string, account: string, state: string): void;
  /** How many calls an account may have under way from now on. */
  concurrencyLimit(provider: string, account: string, limit: number): void;
  /** One task call and how many ids it carried. */
  taskCall(provider: string, ids: number): void;
  /** How long the first id of a call waited for others to share it, or for a place. */
  callWait(provider: string, waitSeconds: number): void;
  /** Rows of an answer that nobody asked for. */
  foreignRows(provider: string, rows: number): void;
  /** What look-ups came to: where the answer is from (`CACHE`, `UPSTREAM`, ...), or a problem code. */
  lookups(provider: string, outcome: string, count: number): void;
  /** Has what is under way read at each scrape. */
  watchLoad(read: () => Load): void;
  /** Has read at each scrape whether the store of the replicas is in use. */
  watchSharedStore(isUp: () => boolean): void;
  /** The store of the replicas went away, or was not there in the beginning. */
  sharedStoreFailure(): void;
  /** A raw status that no table knows. */
  unknownStatus(provider: string): void;
  /** Prometheus text and its content type. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** What is under way, and what is kept, now. */
export interface Load {
  readonly waitingKeys: number;
  readonly keysInFlight: number;
  readonly callsInFlight: number;
  readonly quarantinedKeys: number;
  readonly knownTasks: number;
  readonly knownBytes: number;
}

const loadGauges = [
  ["waitingKeys", "batch_task_waiting_ids", "Task ids that wait for their upstream call"],
  ["keysInFlight", "batch_task_ids_in_flight", "Task ids that upstream calls are under way for"],
  ["callsInFlight", "batch_task_calls_in_flight", "Upstream calls under way"],
  [
    "quarantinedKeys",
    "batch_task_quarantined_ids",
    "Task ids that are asked alone, because they made whole calls fail",
  ],
  ["knownTasks", "batch_task_known_tasks", "Tasks whose last answers are kept in memory"],
  ["knownBytes", "batch_task_known_tasks_bytes", "About how many bytes the kept answers take"],
] as const satisfies readonly (readonly [keyof Load, string, string])[];

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
  const repeats = new Counter({
    name: "batch_task_upstream_repeats_total",
    help: "Attempts that repeat an earlier one of their call, by its trouble",
    labelNames: ["provider", "because"],
    registers,
  });
  const throttled = new Counter({
    name: "batch_task_upstream_throttled_total",
    help: "Attempts that the upstream answered with a request to ask less often",
    labelNames: ["provider"],
    registers,
  });
  const withheld = new Counter({
    name: "batch_task_upstream_withheld_total",
    help: "Attempts that were not sent, because the circuit was open or the account had to wait",
    labelNames: ["provider", "reason"],
    registers,
  });
  const breakerChanges = new Counter({
    name: "batch_task_breaker_changes_total",
    help: "Changes of an account's breaker, by the state that it changed to",
    labelNames: ["provider", "account", "state"],
    registers,
  });
  const concurrency = new Gauge({
    name: "batch_task_concurrency_limit",
    help: "Calls that an account may have under way together, as adapted to its upstream",
    labelNames: ["provider", "account"],
    registers,
  });
  const callIds = new Histogram({
    name: "batch_task_upstream_call_ids",
    help: "Task ids carried by one upstream call",
    labelNames: ["provider"],
    buckets: [1, 2, 5, 10, 25, 50, 75, 100],
    registers,
  });
  const callWaits = new Histogram({
    name: "batch_task_upstream_call_wait_seconds",
    help: "Time that the first id of an upstream call waited for others to share it, or for a place",
    labelNames: ["provider"],
    buckets: [0, 0.001, 0.005, 0.01, 0.025, 0.1, 0.5, 2],
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
    help: "Looked up tasks, by where their answer is from or the code of their problem",
    labelNames: ["provider", "outcome"],
    registers,
  });
  const unknown = new Counter({
    name: "batch_task_unknown_status_total",
    help: "Raw statuses that no table knows",
    labelNames: ["provider"],
    registers,
  });
  const storeFailures = new Counter({
    name: "batch_task_shared_store_failures_total",
    help: "Times that the store which replicas share went away",
    registers,
  });
  return {
    upstreamAttempt: (provider, outcome, seconds) => attempts.observe({ provider, outcome }, seconds),
    upstreamRepeat: (provider, because) => repeats.inc({ provider, because }),
    upstreamThrottled: (provider) => throttled.inc({ provider }),
    upstreamWithheld: (provider, reason) => withheld.inc({ provider, reason }),
    breakerChange: (provider, account, state) => breakerChanges.inc({ provider, account, state }),
    concurrencyLimit: (provider, account, limit) => concurrency.set({ provider, account }, limit),
    taskCall: (provider, ids) => callIds.observe({ provider }, ids),
    callWait: (provider, seconds) => callWaits.observe({ provider }, seconds),
    foreignRows: (provider, rows) => foreign.inc({ provider }, rows),
    lookups: (provider, outcome, count) => lookups.inc({ provider, outcome }, count),
    unknownStatus: (provider) => unknown.inc({ provider }),
    watchLoad(read) {
      for (const [part, name, help] of loadGauges) {
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(read()[part]);
          },
        });
      }
    },
    watchSharedStore(isUp) {
      new Gauge({
        name: "batch_task_shared_store_up",
        help: "1 while the store which replicas share is in use, 0 while each goes on by itself",
        registers,
        collect() {
          this.set(isUp() ? 1 : 0);
        },
      });
    },
    sharedStoreFailure: () => storeFailures.inc(),
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
