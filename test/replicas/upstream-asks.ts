import type { RecordedCall } from "../../src/sandbox/call-recorder.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";

/** When upstreams were asked for each task, by `<upstream>/<task id as the upstream writes it>`; epoch milliseconds. */
export interface UpstreamAsks {
  of(upstream: string, upstreamId: string): readonly number[];
  stop(): void;
}

/** The sandbox keeps a thousand calls of each upstream: they are taken over before they are forgotten. */
export function recordAsks(sandbox: Sandbox): UpstreamAsks {
  const asks = new Map<string, number[]>();
  const taken = new Map<string, number>();

  function note(upstream: string, { taskIds, at }: RecordedCall): void {
    for (const id of new Set(taskIds ?? [])) {
      const key = `${upstream}/${id}`;
      const times = asks.get(key);
      if (times) times.push(at);
      else asks.set(key, [at]);
    }
  }

  function takeOver(): void {
    for (const name of sandbox.upstreamNames) {
      const { calls, totals } = sandbox.upstream(name);
      const isNew = totals.calls - (taken.get(name) ?? 0);
      if (isNew > calls.length) throw new Error(`${name} was called more often than can be counted`);
      if (isNew > 0) for (const call of calls.slice(-isNew)) note(name, call);
      taken.set(name, totals.calls);
    }
  }

  const timer = setInterval(takeOver, 200);
  return {
    of(upstream, upstreamId) {
      takeOver();
      return asks.get(`${upstream}/${upstreamId}`) ?? [];
    },
    stop: () => clearInterval(timer),
  };
}
