import type { Poll, SeenTask } from "./polling-clients.ts";
import type { Truth } from "./truth.ts";

/** How long an answer about a task that can still change is good, in seconds, by account. */
const goodForSeconds: Readonly<Record<string, number>> = {
  sim: 2.5,
  ops: 5,
  "drs-prod": 15,
  "spark-prod": 2.5,
  lark: 2.5,
};

/** bk-sops keeps its own answers for ten seconds, and so may tell what was true then. */
const oldNewsMs: Readonly<Record<string, number>> = { ops: 10_500 };

/** Calls take time, on a scaled clock the more of it. */
const onTheWayMs = 1_000;

/** Everything that is wrong with what clients were told; nothing, when all is well. */
export function judge(polls: readonly Poll[], truth: Truth): string[] {
  return polls.flatMap((poll) => judgePoll(poll, truth));
}

function judgePoll(poll: Poll, truth: Truth): string[] {
  const { client, ids, lookups, failure } = poll;
  if (!lookups) return [`client ${client} had no answer: ${failure}`];
  const wrong = lookups.length === ids.length ? [] : [`client ${client} had ${lookups.length} for ${ids.length} ids`];
  ids.forEach((id, place) => {
    const { requestedId, task, problem } = lookups[place] ?? { requestedId: "nothing", task: null, problem: null };
    if (requestedId !== id || (task && task.id !== id)) wrong.push(`${id} was answered with ${requestedId}`);
    if (!task) wrong.push(`${id} could not be told: ${problem?.code}`);
    else wrong.push(...judgeTask(task, poll, truth));
  });
  return wrong;
}

function judgeTask(task: SeenTask, { askedAt }: Poll, truth: Truth): string[] {
  const { id, rawStatus, observation } = task;
  const wrong: string[] = [];
  const account = accountOf(id);
  const toldAt = observedAt(task);
  const real = truth.statusesBetween(id, toldAt - (oldNewsMs[account] ?? 0) - onTheWayMs, toldAt + onTheWayMs);
  if (!real.has(rawStatus.value)) wrong.push(`${id} was said to be ${rawStatus.value}, not ${[...real].join(" or ")}`);
  if (observation.stale !== (observation.problem !== null))
    wrong.push(`${id} is stale for no reason, or not stale with one`);
  const goodUntil = toldAt + goodForMs(task);
  if (!observation.stale && goodUntil < askedAt - 1) {
    wrong.push(`${id} was too old by ${Math.round(askedAt - goodUntil)} ms and did not say so`);
  }
  return wrong;
}

function goodForMs({ id, status, isTerminal }: SeenTask): number {
  if (status === "FAILED") return isTerminal ? 60_000 : 30_000;
  return isTerminal ? 600_000 : (goodForSeconds[accountOf(id)] ?? 0) * 1000;
}

const accountOf = (id: string): string => id.slice(0, id.indexOf(":"));

/**
 * As long as replicas share what they know, no client is told how a task was before what it was told already, nor that a
 * task goes on that is over. Two that asked at the same time may tell the same status with different times.
 */
export function judgeOrder(polls: readonly Poll[]): string[] {
  const wrong: string[] = [];
  const newest = new Map<string, SeenTask>();
  for (const { client, lookups } of polls) {
    for (const { task } of lookups ?? []) {
      if (!task) continue;
      const key = `${client} ${task.id}`;
      const before = newest.get(key);
      if (!before || observedAt(task) >= observedAt(before)) newest.set(key, task);
      if (!before) continue;
      const olderByMs = observedAt(before) - observedAt(task);
      if (olderByMs > 0 && task.rawStatus.value !== before.rawStatus.value) {
        wrong.push(`client ${client} was told how ${task.id} was ${olderByMs} ms before what it knew`);
      }
      if (before.isTerminal && !task.isTerminal)
        wrong.push(`client ${client} was told that ${task.id} came back to life`);
    }
  }
  return wrong;
}

const observedAt = ({ observation }: SeenTask): number => Date.parse(observation.observedAt);
