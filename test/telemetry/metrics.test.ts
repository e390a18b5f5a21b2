import { describe, expect, it } from "vitest";
import { createMetrics } from "../../src/telemetry/metrics.ts";

describe("createMetrics", () => {
  it("exposes what it was told, by provider and outcome", async () => {
    const metrics = createMetrics();

    metrics.upstreamAttempt("bk-sops", "5xx", 0.2);
    metrics.upstreamRepeat("bk-sops", "transient");
    metrics.upstreamThrottled("bk-sops");
    metrics.upstreamWithheld("bk-sops", "circuit-open");
    metrics.breakerChange("bk-sops", "ops", "open");
    metrics.concurrencyLimit("bk-sops", "ops", 7);
    metrics.taskCall("bk-sops", 51);
    metrics.foreignRows("bk-sops", 3);
    metrics.callWait("bk-sops", 0);
    metrics.lookups("bk-sops", "UPSTREAM", 4);
    metrics.lookups("bk-sops", "NOT_FOUND", 1);
    metrics.unknownStatus("bk-sops");
    const { text, contentType } = await metrics.expose();

    expect(contentType).toContain("text/plain");
    expect(text.split("\n")).toEqual(
      expect.arrayContaining([
        'batch_task_upstream_attempt_duration_seconds_count{provider="bk-sops",outcome="5xx"} 1',
        'batch_task_upstream_attempt_duration_seconds_bucket{le="0.25",provider="bk-sops",outcome="5xx"} 1',
        'batch_task_upstream_attempt_duration_seconds_bucket{le="0.1",provider="bk-sops",outcome="5xx"} 0',
        'batch_task_upstream_repeats_total{provider="bk-sops",because="transient"} 1',
        'batch_task_upstream_throttled_total{provider="bk-sops"} 1',
        'batch_task_upstream_withheld_total{provider="bk-sops",reason="circuit-open"} 1',
        'batch_task_breaker_changes_total{provider="bk-sops",account="ops",state="open"} 1',
        'batch_task_concurrency_limit{provider="bk-sops",account="ops"} 7',
        'batch_task_upstream_call_ids_sum{provider="bk-sops"} 51',
        'batch_task_foreign_rows_total{provider="bk-sops"} 3',
        'batch_task_upstream_call_wait_seconds_bucket{le="0",provider="bk-sops"} 1',
        'batch_task_lookups_total{provider="bk-sops",outcome="UPSTREAM"} 4',
        'batch_task_lookups_total{provider="bk-sops",outcome="NOT_FOUND"} 1',
        'batch_task_unknown_status_total{provider="bk-sops"} 1',
      ]),
    );
  });

  it("reads what is under way at each scrape", async () => {
    const metrics = createMetrics();
    const load = {
      waitingKeys: 3,
      keysInFlight: 40,
      callsInFlight: 2,
      quarantinedKeys: 1,
      knownTasks: 5,
      knownBytes: 1_000,
    };
    metrics.watchLoad(() => load);

    const before = await metrics.expose();
    load.waitingKeys = 0;
    const after = await metrics.expose();

    expect(before.text.split("\n")).toEqual(
      expect.arrayContaining([
        "batch_task_waiting_ids 3",
        "batch_task_ids_in_flight 40",
        "batch_task_calls_in_flight 2",
        "batch_task_quarantined_ids 1",
        "batch_task_known_tasks 5",
        "batch_task_known_tasks_bytes 1000",
      ]),
    );
    expect(after.text.split("\n")).toContain("batch_task_waiting_ids 0");
  });

  it("tells whether the store of the replicas is in use, where there is one", async () => {
    const metrics = createMetrics();
    const without = await metrics.expose();
    let isUp = true;
    metrics.watchSharedStore(() => isUp);

    const up = await metrics.expose();
    isUp = false;
    metrics.sharedStoreFailure();
    const away = await metrics.expose();

    expect(without.text).not.toContain("batch_task_shared_store_up");
    expect(up.text.split("\n")).toContain("batch_task_shared_store_up 1");
    expect(away.text.split("\n")).toEqual(
      expect.arrayContaining(["batch_task_shared_store_up 0", "batch_task_shared_store_failures_total 1"]),
    );
  });

  it("shares nothing with the metrics of another application in the process", async () => {
    const [first, second] = [createMetrics(), createMetrics()];

    first.lookups("bk-sops", "found", 1);

    expect((await second.expose()).text).not.toContain('outcome="found"');
  });

  it("tells about the process, too", async () => {
    expect((await createMetrics().expose()).text).toContain("process_cpu_seconds_total");
  });
});
