import { vi } from "vitest";
import type { CallAnswer, IdAnswer, ProviderClient, TaskCall } from "../../src/providers/provider.ts";
import { createProblem } from "../../src/tasks/problem.ts";
import { nameOf, taskNamed } from "./upstream-of-truths.ts";

/** A call that its test answers. */
export interface HeldCall extends TaskCall {
  /** With a task for each of its ids. */
  answer(): Promise<void>;
  fail(options?: { readonly divisible?: boolean }): Promise<void>;
}

export interface HeldUpstream extends ProviderClient {
  /** Every call that was made, in order. */
  readonly calls: readonly HeldCall[];
  /** Their ids. */
  asked(): string[];
}

/** An upstream that answers when its test says so, and gives a call up when it is aborted. */
export function createHeldUpstream(): HeldUpstream {
  const calls: HeldCall[] = [];
  return {
    calls,
    asked: () => calls.map(({ localIds }) => localIds.join()),
    fetchTasks(call) {
      const { promise, resolve } = Promise.withResolvers<CallAnswer>();
      const settle = async (answer: CallAnswer): Promise<void> => {
        resolve(answer);
        await settled();
      };
      calls.push({
        ...call,
        answer: () => settle(answered(call)),
        fail: ({ divisible = false } = {}) => settle(failed(divisible)),
      });
      call.limits.signal.addEventListener("abort", () => resolve(failed(false)), { once: true });
      return promise;
    },
  };
}

/** Lets everything happen that needs no time to pass. The clock is vitest's. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await vi.advanceTimersByTimeAsync(0);
}

function answered({ localIds, scope }: TaskCall): CallAnswer {
  const answers = localIds.map((id): [string, IdAnswer] => [id, { state: taskNamed(nameOf("one", scope, id)) }]);
  return { kind: "answered", answers: new Map(answers), observedAt: 0, foreignRows: 0 };
}

function failed(divisible: boolean): CallAnswer {
  return { kind: "failed", problem: createProblem("UPSTREAM_UNAVAILABLE", "Out of order."), divisible };
}
