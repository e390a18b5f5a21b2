import { vi } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { TestService } from "../support/service.ts";

/** What looking up one id came to. */
export interface Lookup {
  readonly requestedId: string;
  readonly task: {
    readonly id: string;
    readonly status: string;
    readonly isTerminal: boolean;
    readonly needsAttention: boolean;
    readonly rawStatus: { readonly value: string };
    readonly observation: {
      readonly source: string;
      readonly stale: boolean;
      readonly problem: { readonly code: string } | null;
    };
  } | null;
  readonly problem: {
    readonly code: string;
    readonly message: string;
    readonly retryable: boolean;
    readonly retryAfter: string | null;
    readonly upstreamCode: string | null;
  } | null;
}

export const lookupQuery = `query ($ids: [ID!]!) { batchTasks(ids: $ids) {
  lookups {
    requestedId
    task { id status isTerminal needsAttention rawStatus { value } observation { source stale problem { code } } }
    problem { code message retryable retryAfter upstreamCode }
  }
  summary { total resolved unresolved allTerminal anyNeedsAttention pollAfter }
} }`;

export interface LookupAnswer {
  readonly lookups: readonly Lookup[];
  readonly summary: Readonly<Record<string, unknown>>;
}

/** Asks for tasks as a client does, by a request of its own. */
export async function lookUp(service: TestService, ids: readonly string[]): Promise<LookupAnswer> {
  const { body } = await service.query(lookupQuery, { ids });
  if (body.errors) throw new Error(`The look-up failed as a whole: ${JSON.stringify(body.errors)}`);
  return body.data.batchTasks;
}

/** `found`, or the problem's code; `stale, <code>` for the last known state beside it. */
export function outcome({ task, problem }: Lookup): string {
  if (!problem) return task ? "found" : "nothing";
  return task?.observation.stale ? `stale, ${problem.code}` : problem.code;
}

export const outcomes = ({ lookups }: LookupAnswer): string[] => lookups.map(outcome);

/** Different outcomes, in the order of the alphabet. */
export const kindsOf = (answer: LookupAnswer): string[] => [...new Set(outcomes(answer))].toSorted();

/** The first ids of the sandbox that begin so. */
export function idsOf(sandbox: Sandbox, prefix: string, count: number): string[] {
  const ids = sandbox
    .tasks()
    .map(({ account, upstreamId }) => `${account}:${upstreamId}`)
    .filter((id) => id.startsWith(prefix))
    .slice(0, count);
  if (ids.length < count) throw new Error(`The sandbox holds no ${count} tasks of ${prefix}`);
  return ids;
}

/** The first of these ids whose tasks are under way. */
export async function underWay(service: TestService, ids: readonly string[], count: number): Promise<string[]> {
  const { lookups } = await lookUp(service, ids);
  const running = lookups.filter(({ task }) => task?.status === "RUNNING").map(({ requestedId }) => requestedId);
  if (running.length < count) throw new Error(`Only ${running.length} of these tasks are under way`);
  return running.slice(0, count);
}

/** An id without its account, as an upstream's switches write it. */
export const upstreamIdOf = (id: string): string => id.slice(id.indexOf(":") + 1);

/** The sum of a metric's lines that carry these labels; 0 when there is none. */
export async function metricOf(
  service: TestService,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) && wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** What `batchTaskAccounts` says of an account. */
export async function healthOf(service: TestService, account: string): Promise<string | undefined> {
  const { body } = await service.query("{ batchTaskAccounts { name health } }");
  return body.data.batchTaskAccounts.find(({ name }: { name: string }) => name === account)?.health;
}

/**
 * The clock of the whole process, which can be set ahead and goes on ticking: breakers read it themselves. Until the end of
 * the test.
 */
export function movableClock(): { advance(milliseconds: number): void } {
  const real = Date.now.bind(Date);
  let aheadMs = 0;
  vi.spyOn(Date, "now").mockImplementation(() => real() + aheadMs);
  return {
    advance(milliseconds) {
      aheadMs += milliseconds;
    },
  };
}
