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

/** `REDIS_URL`, else what runs on this machine, else a server of our own: that one only, where `REDIS_SERVER` names it. */
export async function findRedis(): Promise<FoundRedis> {
  const nothingToEnd = async (): Promise<void> => {};
  const running = process.env.REDIS_SERVER ? [] : [process.env.REDIS_URL, "redis://127.0.0.1:6379"];
  for (const url of running) if (url && (await answersPing(url))) return { url, note: "", end: nothingToEnd };
  if (redisServerMissing === "") {
    const server = await startRedis();
    return { url: server.url, note: "", end: server.end };
  }
  return { url: null, note: `${redisServerMissing}, and no Redis at REDIS_URL or on port 6379`, end: nothingToEnd };
}

const isRunnable = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

/** What tests start when they need a server of their own. */
const serverProgram = process.env.REDIS_SERVER ?? ["redis-server", "valkey-server"].find(isRunnable);

/** Empty when tests can start servers of their own, else a note for their titles. */
export const redisServerMissing = serverProgram ? "" : " (skipped: neither redis-server nor valkey-server on the path)";

/** Empty when those servers can speak TLS: it is an option of their build. */
export const redisTlsMissing =
  redisServerMissing || (takesTls() ? "" : ` (skipped: ${serverProgram} was built without TLS)`);

/** Told to listen nowhere a server ends at once, but not before it has read its settings. */
function takesTls(): boolean {
  const { stderr } = spawnSync(serverProgram ?? "", ["--port", "0", "--tls-port", "0"], { encoding: "utf8" });
  return !stderr.includes("CONFIG FILE ERROR");
}

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
  /** Null for one that speaks no TLS. */
  readonly tlsPort: number | null;
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

/** Paths of PEM files. The certificate is its own authority. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/** @param settings as on the command line, `--maxmemory 1mb` */
export async function startRedis(settings: readonly string[] = [], tls?: TlsFiles): Promise<RedisServer> {
  const server = await prepareRedis(settings, tls);
  await server.start();
  return server;
}

/** One that does not run yet. */
export async function prepareRedis(settings: readonly string[] = [], tls?: TlsFiles): Promise<RedisServer> {
  const port = await freePort();
  const tlsPort = tls ? await freePort() : null;
  const folder = mkdtempSync(join(tmpdir(), "batch-task-redis-"));
  let child: ChildProcess | null = null;
  const plain = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  const all = [...plain, ...(tls ? tlsSettings(tls, tlsPort) : []), ...settings];

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
    tlsPort,
    freeze: () => void child?.kill("SIGSTOP"),
    goOn: () => void child?.kill("SIGCONT"),
    kill,
    async start() {
      if (!serverProgram) throw new Error(`No server can be started${redisServerMissing}`);
      child = spawn(serverProgram, all, { stdio: "ignore" });
      await untilListening(port);
    },
    command: (...words) => askRedis(port, words),
    async end() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function tlsSettings({ certificate, key }: TlsFiles, port: number | null): readonly string[] {
  const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate];
  return ["--tls-port", String(port), "--tls-auth-clients", "no", ...files];
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
 * @param tls for clients and among each other
 */
export async function startRedisCluster(spares = 0, tls?: TlsFiles): Promise<readonly RedisServer[]> {
  const busPorts: number[] = [];
  while (busPorts.length < 3 + spares) busPorts.push(await freePort());
  const overTls = tls ? ["--tls-cluster", "yes"] : [];
  const nodes = await Promise.all(
    busPorts.map((busPort) => {
      const bus = ["--cluster-port", String(busPort), "--cluster-node-timeout", "2000"];
      return startRedis(["--cluster-enabled", "yes", ...bus, ...overTls], tls);
    }),
  );
  const ranges = ["0 5460", "5461 10922", "10923 16383"];
  for (const [index, node] of nodes.entries()) {
    const range = ranges[index];
    if (range) await node.command("CLUSTER", "ADDSLOTSRANGE", ...range.split(" "));
    const firstPort = nodes[0]?.tlsPort ?? nodes[0]?.port;
    await node.command("CLUSTER", "MEET", "127.0.0.1", String(firstPort), String(busPorts[0]));
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
