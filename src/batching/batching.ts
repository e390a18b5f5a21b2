import type { CallLimits } from "../providers/provider.ts";
import type { Outcome } from "../tasks/outcome.ts";
import type { EpochMs, TaskReference } from "../tasks/task.ts";
import type { TaskKey } from "../tasks/task-key.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type AccountLine, type BatchedAccount, createAccountLine, type LineLoad } from "./account-line.ts";
import { answerKey, createInquiry, type Inquiry } from "./inquiry.ts";
import { isOnItsWay } from "./pending-task.ts";
import { timedOut } from "./refusals.ts";

export type { BatchedAccount } from "./account-line.ts";

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
  /** Another replica has found that a task makes whole calls fail: it is asked alone until then. */
  quarantine(reference: TaskReference, until: EpochMs): void;
  /** What is under way, over all accounts. All zero when nobody waits and nothing is quarantined. */
  load(): LineLoad;
}

export interface BatchingOptions {
  /** By name. */
  readonly accounts: ReadonlyMap<string, BatchedAccount>;
  /** How long keys of a busy partition wait for others to share their call. */
  readonly gatherMs: number;
  readonly metrics: Pick<Metrics, "taskCall" | "callWait" | "foreignRows" | "unknownStatus">;
  readonly log: Pick<Logger, "error" | "warn">;
  now(): EpochMs;
  /** Numbers calls in the order in which they leave. */
  nextSequence(): number;
  /** Told of each task that is to be asked alone because it made a whole call fail, and until when; null when it may mix again. */
  quarantineChanged(account: string, scope: string, localId: string, until: EpochMs | null): void;
}

export function createBatching({ accounts, ...options }: BatchingOptions): Batching {
  const lines = new Map(
    [...accounts].map(([name, account]) => [
      name,
      createAccountLine({ ...options, account, quarantineChanged: options.quarantineChanged.bind(null, name) }),
    ]),
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
      Math.min(inquiry.startBy - options.now(), longestTimerMs),
    );
  }

  function leave({ lines: linesOfKeys, inquiry }: Newcomer): void {
    for (const [index, line] of linesOfKeys.entries()) {
      const waiter = inquiry.waiters[index];
      if (waiter) line.forget(waiter);
      answerKey(inquiry, index, timedOut);
    }
  }

  function open(keys: readonly TaskKey[], limits: CallLimits, answer: (outcomes: Outcome[]) => void): void {
    const inquiry = createInquiry(keys.length, limits, options.now(), finish);
    const newcomer = { lines: keys.map(lineOf), inquiry };
    const onAbort = (): void => leave(newcomer);

    function finish(): void {
      limits.signal.removeEventListener("abort", onAbort);
      clearTimeout(inquiry.patience);
      // Each key has been answered.
      answer(inquiry.outcomes as Outcome[]);
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
    quarantine: ({ account, scope, localId }, until) => lines.get(account)?.quarantine(scope, localId, until),
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
