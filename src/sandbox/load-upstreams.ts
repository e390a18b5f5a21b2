import { readdir } from "node:fs/promises";
import type { SandboxUpstreamModule } from "./upstream.ts";

const FOLDER = new URL("./upstreams/", import.meta.url);

/** Every file of `upstreams/`, in the order of their names: adding an emulated upstream is adding a file. */
export async function loadUpstreams(): Promise<readonly SandboxUpstreamModule[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith(".ts")).sort();
  return Promise.all(files.map(loadUpstream));
}

async function loadUpstream(file: string): Promise<SandboxUpstreamModule> {
  const loaded: { upstream?: SandboxUpstreamModule } = await import(new URL(file, FOLDER).href);
  const name = file.slice(0, -".ts".length);
  if (loaded.upstream?.name !== name) {
    throw new Error(`src/sandbox/upstreams/${file} must export \`upstream\` with the name "${name}"`);
  }
  return loaded.upstream;
}
