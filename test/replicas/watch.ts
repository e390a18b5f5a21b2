import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { createDice } from "../graphql/dice.ts";
import { judge } from "./judge.ts";
import { type AskCount, countAsks } from "./poll-periods.ts";
import { type Poll, startPollingClients } from "./polling-clients.ts";
import { type ReplicaWorld, startReplicaWorld } from "./replica-world.ts";
import { createScaledClock, type ScaledClock } from "./scaled-clock.ts";
import { recordTruth } from "./truth.ts";
import { recordAsks } from "./upstream-asks.ts";
import { chooseTasks, shareOut } from "./watched-tasks.ts";

/** Two hundred clients that watch sixty tasks through a gateway and some replicas. */
export interface Watch extends ReplicaWorld {
  readonly clock: ScaledClock;
  /** All until now, in the order of their answers. */
  readonly polls: readonly Poll[];
  /** Calls and poll periods until now. */
  countAsks(): AskCount;
  /** What was wrong with these polls. */
  judge(polls: readonly Poll[]): readonly string[];
  /** Answers once every client has been answered. Safe to repeat. */
  stop(): Promise<void>;
}

/** Fast enough for minutes of task life, slow enough that a call is short beside a poll period. */
const speed = 5;

export async function startWatch(options: {
  readonly replicas: number;
  readonly redisUrl: string | null;
}): Promise<Watch> {
  const clock = createScaledClock(Date.now(), speed);
  const sandbox = await startSandbox({ now: clock.now });
  const world = await startReplicaWorld({ sandbox, clock, ...options });
  const tasks = await chooseTasks(sandbox, clock);
  const ids = tasks.map(({ id }) => id);
  const truth = recordTruth(sandbox, ids, clock.now);
  const asks = recordAsks(sandbox);
  const dice = createDice(1);
  const clients = startPollingClients({
    endpoint: world.endpoint,
    clock,
    watched: shareOut(tasks, dice),
    arriveWithinMs: 10_000,
    random: Math.random,
  });
  return {
    ...world,
    clock,
    polls: clients.polls,
    countAsks: () => countAsks(tasks, clients.polls, asks),
    judge: (polls) => judge(polls, truth),
    stop: () => clients.stop(),
    async close() {
      await clients.stop();
      truth.stop();
      asks.stop();
      await world.close();
      await sandbox.close();
    },
  };
}
