import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { startApolloGateway } from "../federation/apollo-gateway.ts";
import { composeSupergraph, tasksSubgraph } from "../federation/compose.ts";
import { type ConfiguredProcess, startConfigured } from "../support/service-process.ts";
import { type Balancer, startBalancer } from "./balancer.ts";
import type { ScaledClock } from "./scaled-clock.ts";

/** Replicas of the service, each a process of its own, behind one gateway, before one sandbox. */
export interface ReplicaWorld {
  readonly sandbox: Sandbox;
  readonly replicas: readonly ConfiguredProcess[];
  readonly balancer: Balancer;
  /** How often replicas have said that Redis is away. A busy machine may keep it from answering in time. */
  timesAway(): number;
  /** Of the gateway. */
  readonly endpoint: string;
  close(): Promise<void>;
}

export interface ReplicaWorldOptions {
  readonly sandbox: Sandbox;
  readonly clock: ScaledClock;
  readonly replicas: number;
  /** Of an operation, in real time; default: the service's. */
  readonly deadlineMs?: number;
  /** Null: they share nothing. */
  readonly redisUrl: string | null;
  /** Merged over the sandbox's accounts, by account and key. */
  readonly accounts?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Whether a replica has Redis in use. */
export async function isStoreUp(replicaUrl: string): Promise<boolean> {
  const metrics = await (await fetch(`${replicaUrl}/metrics`)).text();
  return /^batch_task_shared_store_up(\{.*\})? 1$/m.test(metrics);
}

const program = `${import.meta.dirname}/replica.ts`;

export async function startReplicaWorld(options: ReplicaWorldOptions): Promise<ReplicaWorld> {
  const { sandbox, clock } = options;
  const flags = ["--origin", String(clock.originAt), "--speed", String(clock.speed)];
  const replicas = await Promise.all(
    Array.from({ length: options.replicas }, () => startConfigured(configuration(options), flags, program)),
  );
  const balancer = await startBalancer(replicas.map(({ url }) => url));
  const gateway = await startApolloGateway({
    supergraphSdl: composeSupergraph([tasksSubgraph(`${balancer.url}/graphql`)]),
    headers: {},
  });
  return {
    sandbox,
    replicas,
    balancer,
    timesAway: () =>
      replicas.reduce((sum, { stdout }) => sum + stdout().split("The shared store is away").length - 1, 0),
    endpoint: gateway.endpoint,
    async close() {
      await gateway.close();
      await balancer.close();
      await Promise.all(replicas.map((replica) => replica.end()));
    },
  };
}

/** Rates and deadlines are those of real time. */
function configuration({ sandbox, clock, redisUrl, deadlineMs = 8_000, accounts = {} }: ReplicaWorldOptions): object {
  return {
    server: { port: 0 },
    limits: { deadlineMs: deadlineMs * clock.speed },
    ...(redisUrl !== null && { cache: { redisUrl } }),
    accounts: Object.fromEntries(
      Object.entries(sandbox.accounts()).map(([name, account]) => [
        name,
        { ...(clock.speed > 1 && { rateLimit: { perSecond: 1_000_000 } }), ...account, ...accounts[name] },
      ]),
    ),
  };
}
