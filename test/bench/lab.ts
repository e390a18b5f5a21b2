import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, startChild } from "./child.ts";
import { subgraphConfig } from "./subgraph-config.ts";
import type { UpstreamCounts } from "./upstream.ts";

export const subjectNames = ["floor", "obvious", "subgraph"] as const;
export type SubjectName = (typeof subjectNames)[number];

/** The servers side by side, each in a process of its own, in front of the same upstreams. */
export interface Lab {
  readonly subjects: Readonly<Record<SubjectName, Child>>;
  setUpstreamLatency(milliseconds: number): Promise<void>;
  /** Upstream calls since the question before. */
  takeCounts(): Promise<UpstreamCounts>;
  stop(): Promise<void>;
}

const moduleOf = (path: string): string => join(import.meta.dirname, path);

/** @param profileFolder where the subgraph's process leaves a V8 profile of its whole life, if anywhere */
export async function startLab(profileFolder?: string): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), "batch-task-bench-"));
  const upstream = await startChild({ module: moduleOf("upstream.ts"), args: [] });
  const configFile = join(folder, "config.yaml");
  await writeFile(configFile, JSON.stringify(await subgraphConfig(upstream.url)));
  const [floor, obvious, subgraph] = await Promise.all([
    startChild({ module: moduleOf("floor-server.ts"), args: [upstream.url] }),
    startChild({ module: moduleOf("obvious-server.ts"), args: [upstream.url] }),
    startChild({
      module: moduleOf("../../src/main.ts"),
      args: ["--config", configFile],
      nodeOptions: profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`],
    }),
  ]);
  return {
    subjects: { floor, obvious, subgraph },
    async setUpstreamLatency(milliseconds) {
      await upstream.ask("setLatency", milliseconds);
    },
    takeCounts: () => upstream.ask<UpstreamCounts>("takeCounts"),
    async stop() {
      await Promise.all([floor, obvious, subgraph].map((subject) => subject.stop()));
      await upstream.stop();
      await rm(folder, { recursive: true });
    },
  };
}
