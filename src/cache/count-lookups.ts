import type { TaskKey } from "../tasks/task-key.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { LoadedTask } from "./reading.ts";

/** Tells operators what the look-ups of one operation came to. Counted in runs of equal ones, because most are. */
export function countLookups(
  keys: readonly TaskKey[],
  loaded: readonly (LoadedTask | undefined)[],
  providerOf: (key: TaskKey) => string,
  metrics: Pick<Metrics, "lookups">,
): void {
  let [provider, outcome, count] = ["", "", 0];
  keys.forEach((key, index) => {
    const task = loaded[index];
    if (!task) return;
    const nextProvider = providerOf(key);
    const nextOutcome = task.kind === "reading" ? task.source : task.problem.code;
    if (count > 0 && (nextProvider !== provider || nextOutcome !== outcome)) {
      metrics.lookups(provider, outcome, count);
      count = 0;
    }
    [provider, outcome] = [nextProvider, nextOutcome];
    count += 1;
  });
  if (count > 0) metrics.lookups(provider, outcome, count);
}
