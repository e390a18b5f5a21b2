import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";

/** A Redis that tests may write to, each below a prefix of its own; it may be a person's, so nothing is ever flushed. */
export interface FoundRedis {
  /** Null when there is none, and `note` says so. */
  readonly url: string | null;
  /** Belongs at the end of the title of tests that are skipped without it. */
  readonly note: string;
  /** Ends it if it was started for the tests. */
  end(): Promise<void>;
}

/** `REDIS_URL`, else what runs on this machine, else a server of our own. */
export async function findRedis(): Promise<FoundRedis> {
  const nothingToEnd = async (): Promise<void> => {};
  for (const url of [process.env.REDIS_URL, "redis://127.0.0.1:6379"]) {
    if (url && (await answersPing(url))) return { url, note: "", end: nothingToEnd };
  }
  if (redisServerMissing === "") {
    const server = await startRedis();
    return { url: server.url, note: "", end: server.end };
  }
  return { url: null, note: `${redisServerMissing}, and no Redis at REDIS_URL or on port 6379`, end: nothingToEnd };
}

/** Empty when tests can start servers of their own, else a note for their titles. */
export const redisServerMissing =
  spawnSync("redis-server", ["--version"]).status === 0 ? "" : " (skipped: no redis-server on the path)";

/** First part of keys that no other test has. */
export const newPrefix = (): string => `test-${randomBytes(6).toString("hex")}`;

async function answersPing(url: string): Promise<boolean> {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 1_000 } });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    client.destroy();
  }
}

/** A server of a test's own, on a port of its own. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Takes connections and answers nothing any more (SIGSTOP), until it goes on. */
  freeze(): void;
  goOn(): void;
  /** Gone from one moment to the next, with all that it held. */
  kill(): Promise<void>;
  /** The same port again. */
  start(): Promise<void>;
  /** Asks it something, over a connection of its own. */
  command(...words: string[]): Promise<unknown>;
  /** Safe to repeat. */
  end(): Promise<void>;
}

/** @param settings as on the command line, `--maxmemory 1mb` */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const server = await prepareRedis(settings);
  await server.start();
  return server;
}

/** One that does not run yet. */
export async function prepareRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "batch-task-redis-"));
  let child: ChildProcess | null = null;
  const plain = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];

  async function kill(): Promise<void> {
    const killed = child;
    child = null;
    if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
    const exit = once(killed, "exit");
    killed.kill("SIGKILL");
    await exit;
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    freeze: () => void child?.kill("SIGSTOP"),
    goOn: () => void child?.kill("SIGCONT"),
    kill,
    async start() {
      child = spawn("redis-server", [...plain, ...settings], { stdio: "ignore" });
      await untilListening(port);
    },
    command: (...words) => askRedis(port, words),
    async end() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function askRedis(port: number, words: readonly string[]): Promise<unknown> {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: false } });
  client.on("error", () => {});
  try {
    await client.connect();
    return await client.sendCommand(words);
  } finally {
    client.destroy();
  }
}

/**
 * Three primaries that know each other.
 *
 * @param spares further ones that hold no keys
 */
export async function startRedisCluster(spares = 0): Promise<readonly RedisServer[]> {
  const busPorts: number[] = [];
  while (busPorts.length < 3 + spares) busPorts.push(await freePort());
  const nodes = await Promise.all(
    busPorts.map((busPort) =>
      startRedis(["--cluster-enabled", "yes", "--cluster-port", String(busPort), "--cluster-node-timeout", "2000"]),
    ),
  );
  const ranges = ["0 5460", "5461 10922", "10923 16383"];
  for (const [index, node] of nodes.entries()) {
    const range = ranges[index];
    if (range) await node.command("CLUSTER", "ADDSLOTSRANGE", ...range.split(" "));
    await node.command("CLUSTER", "MEET", "127.0.0.1", String(nodes[0]?.port), String(busPorts[0]));
  }
  for (const node of nodes) {
    while (!String(await node.command("CLUSTER", "INFO")).includes("cluster_state:ok")) await pause(50);
  }
  return nodes;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const socket = connect(port, "127.0.0.1");
    const isListening = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (isListening) return;
    await pause(25);
  }
  throw new Error(`No Redis came up on port ${port}`);
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
