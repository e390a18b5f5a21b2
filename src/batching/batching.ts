import type { CallLimits } from "../providers/provider.ts";
import type { Outcome } from "../tasks/outcome.ts";
import type { EpochMs } from "../tasks/task.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type AccountLine, type BatchedAccount, createAccountLine, type LineLoad } from "./account-line.ts";
import { answerKey, createInquiry, type Inquiry } from "./inquiry.ts";
import type { TaskKey } from "./partition.ts";
import { isOnItsWay } from "./pending-task.ts";
import { timedOut } from "./refusals.ts";

export type { BatchedAccount } from "./account-line.ts";
export type { TaskKey } from "./partition.ts";

/** One for the process: whoever asks for the same task at the same time shares its call. */
export interface Batching {
  /**
   * Answers keys in the fewest upstream calls. Keys of an account and scope that nobody asks for yet leave at the end of
   * this turn of the event loop, `ceil(n / limit)` calls for n of them; a task that is on its way already is not asked
   * for again; and while calls are under way newcomers gather for a moment to share theirs.
   *
   * One outcome per key, in key order, no later than the signal's abort. Rejects never: a call's failure is the problem
   * of its own ids only.
   */
  fetchTasks(keys: readonly TaskKey[], limits: CallLimits): Promise<Outcome[]>;
  /** What is under way, over all accounts. All zero when nobody waits and nothing is quarantined. */
  load(): LineLoad;
}

export interface BatchingOptions {
  /** By name. */
  readonly accounts: ReadonlyMap<string, BatchedAccount>;
  /** How long keys of a busy partition wait for others to share their call. */
  readonly gatherMs: number;
  readonly metrics: Pick<
    Metrics,
    "taskCall" | "callWait" | "foreignRows" | "lookups" | "sharedLookups" | "unknownStatus"
  >;
  readonly log: Pick<Logger, "error" | "warn">;
  now(): EpochMs;
}

export function createBatching({ accounts, gatherMs, metrics, log, now }: BatchingOptions): Batching {
  const lines = new Map(
    [...accounts].map(([name, account]) => [name, createAccountLine({ account, gatherMs, metrics, log, now })]),
  );
  /** Those of this turn of the event loop, and where they wait. */
  let newcomers: Newcomer[] = [];
  let touched = new Set<AccountLine>();

  function lineOf({ reference: { account } }: TaskKey): AccountLine {
    const line = lines.get(account);
    if (!line) throw new Error(`No account "${account}": ids are checked before they become keys`);
    return line;
  }

  function departTogether(): void {
    const [arrived, departing] = [newcomers, touched];
    newcomers = [];
    touched = new Set();
    for (const line of departing) line.depart();
    for (const newcomer of arrived) beginPatience(newcomer);
  }

  /** Who had to stay behind waits for a part of the operation's time only. */
  function beginPatience({ lines: linesOfKeys, inquiry }: Newcomer): void {
    if (!inquiry.waiters.some((waiter) => waiter && !isOnItsWay(waiter.task))) return;
    inquiry.patience = setTimeout(
      () => {
        for (const [index, line] of linesOfKeys.entries()) {
          const waiter = inquiry.waiters[index];
          if (waiter) line.refuseLate(waiter);
        }
      },
      Math.min(inquiry.startBy - now(), longestTimerMs),
    );
  }

  function leave({ lines: linesOfKeys, inquiry }: Newcomer): void {
    for (const [index, line] of linesOfKeys.entries()) {
      const waiter = inquiry.waiters[index];
      if (waiter) line.forget(waiter);
      answerKey(inquiry, index, timedOut);
    }
  }

  /** Counted in runs of equal outcomes, because most are. */
  function noteOutcomes(keys: readonly TaskKey[], outcomes: readonly Outcome[]): void {
    let run = { provider: "", name: "", length: 0 };
    let shared = 0;
    const endRun = (): void => {
      if (run.length > 0) metrics.lookups(run.provider, run.name, run.length);
      if (shared > 0) metrics.sharedLookups(run.provider, shared);
      shared = 0;
    };
    outcomes.forEach((outcome, index) => {
      const provider = accounts.get(keys[index]?.reference.account ?? "")?.provider ?? "";
      const name = outcome.kind === "found" ? "found" : outcome.problem.code;
      if (provider !== run.provider || name !== run.name) {
        endRun();
        run = { provider, name, length: 0 };
      }
      run.length += 1;
      if (outcome.kind === "found" && outcome.source === "SHARED_IN_FLIGHT") shared += 1;
    });
    endRun();
  }

  function open(keys: readonly TaskKey[], limits: CallLimits, answer: (outcomes: Outcome[]) => void): void {
    const inquiry = createInquiry(keys.length, limits, now(), finish);
    const newcomer = { lines: keys.map(lineOf), inquiry };
    const onAbort = (): void => leave(newcomer);

    function finish(): void {
      limits.signal.removeEventListener("abort", onAbort);
      clearTimeout(inquiry.patience);
      const outcomes = inquiry.outcomes as Outcome[];
      noteOutcomes(keys, outcomes);
      answer(outcomes);
    }

    if (limits.signal.aborted) {
      leave(newcomer);
      return;
    }
    limits.signal.addEventListener("abort", onAbort, { once: true });
    keys.forEach((key, index) => {
      newcomer.lines[index]?.ask(key, inquiry, index);
    });
    for (const line of newcomer.lines) touched.add(line);
    if (newcomers.length === 0) setImmediate(departTogether);
    newcomers.push(newcomer);
  }

  return {
    async fetchTasks(keys, limits) {
      if (keys.length === 0) return [];
      return new Promise((resolve) => open(keys, limits, resolve));
    },
    load() {
      const loads = [...lines.values()].map((line) => line.load());
      const total = (of: keyof LineLoad): number => loads.reduce((sum, load) => sum + load[of], 0);
      return {
        partitions: total("partitions"),
        waitingKeys: total("waitingKeys"),
        keysInFlight: total("keysInFlight"),
        callsInFlight: total("callsInFlight"),
        quarantinedKeys: total("quarantinedKeys"),
      };
    },
  };
}

/** The keys of one operation that have just come. */
interface Newcomer {
  /** By key. */
  readonly lines: readonly AccountLine[];
  readonly inquiry: Inquiry;
}

/** Node's timers go off at once when they are set for longer. */
const longestTimerMs = 2 ** 31 - 1;
