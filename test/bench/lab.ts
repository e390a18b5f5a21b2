import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedis, newPrefix } from "../support/redis.ts";
import { type Child, startChild } from "./child.ts";
import { keepingFlag } from "./keeping-flag.ts";
import { subgraphConfig } from "./subgraph-config.ts";
import type { UpstreamCounts } from "./upstream.ts";

export const subjectNames = ["floor", "obvious", "subgraph"] as const;
export type SubjectName = (typeof subjectNames)[number];

export type Subjects = Readonly<Record<SubjectName, Child>>;

/** The servers side by side, each in a process of its own, in front of the same upstreams. */
export interface Lab {
  readonly subjects: Subjects;
  /** The same, the floor and the subgraph keeping what they were told of tasks that have ended. */
  readonly keepingSubjects: Subjects;
  /** The same, the subgraph keeping next to nothing itself: what it was told is in Redis. Null when there is none. */
  readonly sharingSubjects: Subjects | null;
  setUpstreamLatency(milliseconds: number): Promise<void>;
  /** Upstream calls since the question before. */
  takeCounts(): Promise<UpstreamCounts>;
  stop(): Promise<void>;
}

const moduleOf = (path: string): string => join(import.meta.dirname, path);

/** @param profileFolder where the subgraph's processes leave V8 profiles of their whole lives, if anywhere */
export async function startLab(profileFolder?: string): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), "batch-task-bench-"));
  const upstream = await startChild({ module: moduleOf("upstream.ts"), args: [] });

  async function startSubgraph(name: string, cache: object): Promise<Child> {
    const configFile = join(folder, `${name}.yaml`);
    await writeFile(configFile, JSON.stringify(await subgraphConfig(upstream.url, cache)));
    const profiling = ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}.cpuprofile`];
    return startChild({
      module: moduleOf("../../src/main.ts"),
      args: ["--config", configFile],
      nodeOptions: profileFolder === undefined ? [] : profiling,
    });
  }

  const servers = await Promise.all([
    startChild({ module: moduleOf("floor-server.ts"), args: [upstream.url] }),
    startChild({ module: moduleOf("obvious-server.ts"), args: [upstream.url] }),
    startSubgraph("subgraph", { maxEntries: 0 }),
    startChild({ module: moduleOf("floor-server.ts"), args: [upstream.url, keepingFlag] }),
    startSubgraph("keeping-subgraph", {}),
  ]);
  const [floor, obvious, subgraph, keepingFloor, keepingSubgraph] = servers;
  const redis = await findRedis();
  const sharing = redis.url === null ? null : await startSubgraph("sharing-subgraph", inRedis(redis.url));
  return {
    subjects: { floor, obvious, subgraph },
    keepingSubjects: { floor: keepingFloor, obvious, subgraph: keepingSubgraph },
    sharingSubjects: sharing && { floor: keepingFloor, obvious, subgraph: sharing },
    async setUpstreamLatency(milliseconds) {
      await upstream.ask("setLatency", milliseconds);
    },
    takeCounts: () => upstream.ask<UpstreamCounts>("takeCounts"),
    async stop() {
      await Promise.all([...servers, ...(sharing ? [sharing] : [])].map((server) => server.stop()));
      await redis.end();
      await upstream.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** Room for one task: each question goes to Redis. */
const inRedis = (redisUrl: string): object => ({ maxEntries: 1, redisUrl, redisPrefix: newPrefix() });
