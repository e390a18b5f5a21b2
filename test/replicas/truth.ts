import type { Sandbox } from "../../src/sandbox/sandbox.ts";

/** What the upstreams held while a test ran. */
export interface Truth {
  /** Every raw status that the task may have had at a moment between these times, both included. */
  statusesBetween(id: string, from: number, until: number): ReadonlySet<string>;
  stop(): void;
}

interface Span {
  readonly status: string;
  /** It was another one then, as far as is known. */
  readonly after: number;
  before: number;
}

/** Looks often; between two looks a task may have had the status of either. */
export function recordTruth(sandbox: Sandbox, ids: readonly string[], now: () => number): Truth {
  const spans = new Map<string, Span[]>(ids.map((id) => [id, []]));
  let lookedAt = Number.NEGATIVE_INFINITY;

  function look(): void {
    const at = now();
    for (const { account, upstreamId, rawStatus } of sandbox.tasks()) {
      const held = spans.get(`${account}:${upstreamId}`);
      const last = held?.at(-1);
      if (last) last.before = at;
      if (held && last?.status !== rawStatus) held.push({ status: rawStatus, after: lookedAt, before: at });
    }
    lookedAt = at;
  }

  look();
  const timer = setInterval(look, 100);
  return {
    statusesBetween(id, from, until) {
      if (until > lookedAt) look();
      const met = (spans.get(id) ?? []).filter(({ after, before }) => after <= until && before >= from);
      return new Set(met.map(({ status }) => status));
    },
    stop: () => clearInterval(timer),
  };
}
