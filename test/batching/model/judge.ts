import { expect } from "vitest";
import type { Outcome } from "../../../src/tasks/outcome.ts";
import type { Problem } from "../../../src/tasks/problem.ts";
import type { AskedKey } from "./scenario.ts";
import { nameOf, type SeenCall, type Truth } from "./upstream.ts";
import { endOf, type SeenOperation, type World } from "./world.ts";

/** Why an outcome is not its key's own; null when it is what the far side holds, or a problem that its own way had. */
export function faultOf(world: World, operation: SeenOperation, index: number): string | null {
  const key = operation.plan.keys[index];
  const outcome = operation.settled[0]?.outcomes[index];
  if (!key || !outcome) return `key ${index} has no outcome`;
  const fault =
    outcome.kind === "found"
      ? faultOfFound(world, operation, key, outcome)
      : faultOfProblem(world, operation, key, outcome.problem);
  return fault && `operation ${operation.index}, ${nameOf(key.account, key.scope, key.localId)}: ${fault}`;
}

function faultOfFound(
  world: World,
  operation: SeenOperation,
  key: AskedKey,
  { state, missing, observedAt }: Outcome & { readonly kind: "found" },
): string | null {
  const name = nameOf(key.account, key.scope, key.localId);
  if (truthOf(world, key) !== "found") return `found, but its truth is ${truthOf(world, key)}`;
  if (state.name !== name) return `has the state of ${state.name}`;
  if (observedAt < operation.arrived.at && !mayBeOlder(world, key)) return "was observed before it was asked for";
  if (observedAt > endOf(operation).at) return "was observed after it was told";
  const parts = state as unknown as Readonly<Record<string, unknown>>;
  for (const facet of key.facets) {
    const problem = missing.get(facet);
    const fault = problem ? faultOfProblem(world, operation, key, problem) : null;
    if (fault) return `lacks ${facet}: ${fault}`;
    if (!problem && parts[facet] !== `${facet} of ${name}`) return `wants ${facet} and has ${parts[facet]}`;
  }
  return null;
}

/** Of several reads, one may have told before an operation joined the task for the sake of another. */
function mayBeOlder({ scenario }: World, { account }: AskedKey): boolean {
  return scenario.accounts[account]?.kind === "many-reads";
}

function faultOfProblem(world: World, operation: SeenOperation, key: AskedKey, problem: Problem): string | null {
  const { code, message } = problem;
  const named = /^call (\d+)$/.exec(message)?.[1];
  if (named !== undefined) return faultOfFailure(world, operation, key, code, world.calls[Number(named)]);
  switch (code) {
    case "NOT_FOUND":
      return truthOf(world, key) === "refused" && message === nameOf(key.account, key.scope, key.localId)
        ? null
        : `is not to be found: ${message}`;
    case "NOT_RETURNED":
      return truthOf(world, key) === "left-out" ? null : "was not left out";
    case "UPSTREAM_MALFORMED":
      return callsOf(world, operation, key).some(({ result }) => result === "threw") ? null : "no call of it threw";
    case "TIMEOUT":
      return operation.left && operation.left.turn < endOf(operation).turn ? null : "neither it nor its time was gone";
    case "OVERLOADED":
      return faultOfOverload(world, operation, key, problem);
    case "CIRCUIT_OPEN":
    case "RATE_LIMITED":
      return faultOfClosure(world, operation, key, problem);
    default:
      return `nothing explains ${code} ${message}`;
  }
}

/** A call's failure is the problem of its own ids only, and of who waited for it. */
function faultOfFailure(
  world: World,
  operation: SeenOperation,
  key: AskedKey,
  code: string,
  call: SeenCall | undefined,
): string | null {
  if (!call?.ended) return "has the problem of no call";
  if (!carries(call, key)) return `has the problem of call ${call.index}, which did not carry it`;
  if (call.result !== code) return `call ${call.index} came to ${call.result}, not ${code}`;
  // A half of a divided call tells its failure together with the other half: until then the call is under way.
  const isWhole = key.facets.length === 0 || world.scenario.accounts[key.account]?.kind === "one-read";
  const mayBeHeldBack = isWhole && call.result === "UPSTREAM_ERROR";
  if (call.ended.turn < operation.arrived.turn && !mayBeHeldBack)
    return `has the problem of call ${call.index}, from before it arrived`;
  if (call.ended.turn > endOf(operation).turn) return `has the problem of call ${call.index}, which was not over`;
  const hasLeft = operation.left !== null && operation.left.turn < endOf(operation).turn;
  if (call.aborted && !hasLeft) return `shares the end of call ${call.index}, which was aborted while it waited`;
  if (code === "TIMEOUT" && !hasLeft && call.ended.at < operation.deadlineAt)
    return `call ${call.index} ended before this operation's deadline`;
  return null;
}

function faultOfOverload(
  { scenario }: World,
  operation: SeenOperation,
  { account }: AskedKey,
  { retryAfterAt }: Problem,
): string | null {
  const rules = scenario.accounts[account]?.admission;
  if (retryAfterAt === null || retryAfterAt <= operation.arrived.at) return `is to be asked again at ${retryAfterAt}`;
  if (scenario.maxWaitingIds !== undefined) return null;
  if (rules && rules.places > 1_000 && rules.spacingMs === 0 && rules.closures.length === 0)
    return "nothing kept its call out";
  const waited = endOf(operation).at - operation.arrived.at;
  const quarter = (operation.deadlineAt - operation.arrived.at) / 4;
  return waited >= Math.floor(quarter) ? null : `was refused after ${waited} ms of ${quarter}`;
}

function faultOfClosure(
  { scenario }: World,
  operation: SeenOperation,
  { account }: AskedKey,
  problem: Problem,
): string | null {
  const because = problem.code === "CIRCUIT_OPEN" ? "circuit-open" : "throttled";
  const closure = scenario.accounts[account]?.admission.closures.find(
    ({ from, until, because: reason }) =>
      reason === because &&
      from <= endOf(operation).at &&
      operation.arrived.at < until &&
      until === problem.retryAfterAt,
  );
  if (!closure) return `was ${because} by no closure until ${problem.retryAfterAt}`;
  if (because === "throttled" && operation.deadlineAt >= closure.until + 250) return "could have waited";
  return null;
}

export function truthOf({ scenario }: World, { account, scope, localId }: AskedKey): Truth {
  return scenario.truths.get(nameOf(account, scope, localId)) ?? "found";
}

export function carries(call: SeenCall, { account, scope, localId }: AskedKey): boolean {
  return call.account === account && call.scope === scope && call.localIds.includes(localId);
}

/** The calls that carried a key while its operation waited. */
export function callsOf({ calls }: World, operation: SeenOperation, key: AskedKey): SeenCall[] {
  return calls.filter(
    (call) =>
      carries(call, key) &&
      call.started.turn < endOf(operation).turn &&
      (call.ended?.turn ?? Number.POSITIVE_INFINITY) > operation.arrived.turn,
  );
}

/** Whether an operation may, at a turn, still be without an answer for a key: it is there, and no call told it all. */
export function waitsFor({ calls }: World, operation: SeenOperation, key: AskedKey, turn: number): boolean {
  const { arrived, left } = operation;
  if (arrived.turn > turn || endOf(operation).turn < turn || (left && left.turn < turn)) return false;
  return !calls.some(
    (call) =>
      carries(call, key) &&
      call.ended !== null &&
      call.ended.turn < turn &&
      call.ended.turn > arrived.turn &&
      call.aborted === null &&
      !(call.result === "UPSTREAM_ERROR" && call.localIds.length > 1) &&
      key.facets.every((facet) => call.facets.has(facet)),
  );
}

export function expectOwnOutcomes(world: World): void {
  for (const operation of world.operations) {
    for (const index of operation.keys.keys()) expect(faultOf(world, operation, index)).toBeNull();
  }
}

/** Every operation is answered once: an outcome for each key, when it leaves or its time is over at the latest. */
export function expectOneAnswerEach({ operations }: World): void {
  for (const { settled, keys, left, deadlineAt, index } of operations) {
    expect(settled.length, `answers of operation ${index}`).toBe(1);
    expect(settled[0]?.outcomes.length).toBe(keys.length);
    for (const outcome of settled[0]?.outcomes ?? []) expect(outcome?.kind).toMatch(/^(found|problem)$/);
    expect(settled[0]?.at).toBeLessThanOrEqual(Math.min(left?.at ?? Number.POSITIVE_INFINITY, deadlineAt));
  }
}
