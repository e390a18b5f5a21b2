import { readFileSync } from "node:fs";
import { type ControlServer, startControlServer } from "./control-server.ts";
import { loadUpstreams } from "./load-upstreams.ts";
import type { HeldTask, SandboxEnvironment, SandboxUpstream } from "./upstream.ts";
import { type SandboxUpstreamControl, startUpstream } from "./upstream-control.ts";
import { SandboxUsageError } from "./usage-error.ts";

export interface SandboxOptions {
  /** Epoch milliseconds; default: the real clock. */
  readonly now?: () => number;
  /** 0 (included) to 1 (excluded); default: Math.random. */
  readonly random?: () => number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0, which takes a free port. The upstreams' ports are always free ones. */
  readonly controlPort?: number;
}

export type SandboxAccounts = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** All emulated upstreams, running. */
export interface Sandbox {
  /** Where the same control is offered over HTTP; no trailing slash. */
  readonly controlUrl: string;
  readonly upstreamNames: readonly string[];
  /** The `accounts` section of a configuration file, secrets in clear text, base URLs pointing here. */
  accounts(): SandboxAccounts;
  /** Public ids worth trying, the best one of each upstream first, then each one's second, and so on. */
  readonly exampleIds: readonly string[];
  /** All tasks of all upstreams at this moment. */
  tasks(): readonly HeldTask[];
  /** Throws `SandboxUsageError` on an unknown name and lists the known. */
  upstream(name: string): SandboxUpstreamControl;
  /** Every upstream to its beginnings: calls, faults, switches, tokens. Tasks keep their clock. */
  reset(): Promise<void>;
  /** Ends all connections at once. */
  close(): Promise<void>;
}

/** Starts one listener per file of `upstreams/` and one for the control. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { now = Date.now, random = Math.random, host = "127.0.0.1", controlPort = 0 } = options;
  const controls = new Map<string, SandboxUpstreamControl>();
  const control = (name: string): SandboxUpstreamControl => {
    const found = controls.get(name);
    if (found !== undefined) return found;
    throw new SandboxUsageError(`no upstream ${name}; known: ${[...controls.keys()].join(", ")}`);
  };
  const environment: SandboxEnvironment = {
    now,
    random,
    sample: createSampleReader(),
    baseUrl: (name) => control(name).url,
  };

  const upstreams: SandboxUpstream[] = [];
  for (const { name, create } of await loadUpstreams()) {
    const upstream = create(environment);
    upstreams.push(upstream);
    controls.set(name, await startUpstream(name, upstream, host, now));
  }

  let controlServer: ControlServer | null = null;
  const sandbox: Sandbox = {
    get controlUrl() {
      return controlServer?.url ?? "";
    },
    upstreamNames: [...controls.keys()],
    accounts: () => mergeAccounts(upstreams),
    exampleIds: interleave(upstreams.map(({ exampleIds }) => exampleIds)),
    tasks: () => upstreams.flatMap((upstream) => upstream.tasks()),
    upstream: control,
    async reset() {
      await Promise.all([...controls.values()].map((each) => each.reset()));
    },
    async close() {
      await Promise.all([controlServer?.close(), ...[...controls.values()].map((each) => each.down())]);
    },
  };
  try {
    controlServer = await startControlServer(sandbox, host, controlPort);
  } catch (error) {
    await sandbox.close();
    throw error;
  }
  return sandbox;
}

function createSampleReader(): (name: string) => unknown {
  const samples = new Map<string, unknown>();
  return (name) => {
    if (!samples.has(name)) {
      const text = readFileSync(new URL(`./samples/${name}.json`, import.meta.url), "utf8");
      samples.set(name, JSON.parse(text));
    }
    return samples.get(name);
  };
}

function mergeAccounts(upstreams: readonly SandboxUpstream[]): SandboxAccounts {
  const merged: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const upstream of upstreams) {
    for (const [account, entry] of Object.entries(upstream.accounts())) {
      if (Object.hasOwn(merged, account)) throw new Error(`two emulated upstreams claim the account ${account}`);
      merged[account] = entry;
    }
  }
  return merged;
}

function interleave(lists: readonly (readonly string[])[]): readonly string[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  const rounds = Array.from({ length: longest }, (_, round) => lists.map((list) => list[round]));
  return rounds.flat().filter((id) => id !== undefined);
}
