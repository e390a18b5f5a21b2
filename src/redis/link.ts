import { createClient, createCluster, RESP_TYPES } from "@redis/client";

/** One connection to a single server, or one to each primary of a Cluster. A link that was lost stays so. */
export interface Link {
  /** Rejects with what the server says against it. Texts of the reply are Buffers. */
  send(key: string, command: readonly (string | Buffer)[]): Promise<unknown>;
  /** Resolves when each of the servers has answered. */
  ping(): Promise<unknown>;
  /** Takes no time, whatever the servers do. What is under way rejects. Safe to repeat. */
  close(): void;
}

export interface LinkOptions {
  /** `redis:` or `rediss:`. */
  readonly url: string;
  /** Addresses of the Cluster when it was last seen, for the time that the one of the URL is down. Kept up to date. */
  readonly knownNodes: Set<string>;
  /** Aborted when opening takes too long. */
  readonly signal: AbortSignal;
  /** The connection has ended by itself. */
  onLost(error: unknown): void;
}

const connectTimeoutMs = 1_000;

/** For a node to say who the others are: there must be time to ask another one. */
const nodeTimeoutMs = 300;

/** Nothing queues up while there is no connection, because a link is never mended: a new one is opened. */
const behaviour = {
  RESP: 2,
  disableOfflineQueue: true,
  disableClientInfo: true,
  maintNotifications: "disabled",
} as const;

const socketBehaviour = { reconnectStrategy: false, connectTimeout: connectTimeoutMs } as const;

/** Its caller has a shorter limit. */
const replies = { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

/**
 * Opens a link to what is there, a single server or a Cluster. Rejects when there is neither, no later than a second after
 * the abort.
 */
export async function openLink(options: LinkOptions): Promise<Link> {
  if (options.knownNodes.size === 0) return (await openSingle(options)) ?? (await openCluster(options));
  try {
    return await openCluster(options);
  } catch (error) {
    // A single server may have taken the place of the Cluster.
    const single = options.signal.aborted ? null : await openSingle(options);
    if (!single) throw error;
    return single;
  }
}

/** Null when the server belongs to a Cluster. */
async function openSingle({ url, signal, onLost }: LinkOptions): Promise<Link | null> {
  const client = createClient({ ...behaviour, url, socket: { ...socketBehaviour } });
  client.unref();
  client.on("error", onLost);
  const hello = await begin(client, signal, async () => {
    await client.connect();
    return client.sendCommand(["HELLO"], { timeout: 0 });
  });
  if (isOfCluster(hello)) {
    client.destroy();
    return null;
  }
  return {
    send: (_key, command) => client.sendCommand(command, replies),
    ping: () => client.ping(),
    close: () => client.destroy(),
  };
}

async function openCluster({ url, knownNodes, signal, onLost }: LinkOptions): Promise<Link> {
  const { hostname, port, username, password, protocol } = new URL(url);
  const addresses = new Set([`${hostname}:${port || defaultPort}`, ...knownNodes]);
  const cluster = createCluster({
    RESP: 2,
    rootNodes: [...addresses].map((address) => ({
      socket: { ...addressOf(address), connectTimeout: nodeTimeoutMs, socketTimeout: nodeTimeoutMs },
    })),
    defaults: {
      ...behaviour,
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
      socket: protocol === "rediss:" ? { ...socketBehaviour, tls: true } : { ...socketBehaviour },
    },
  });
  // That one of several known nodes is away is told as an error, too, and is none while the link is being opened.
  let isOpen = false;
  const onError = (error: unknown): void => {
    if (isOpen) onLost(error);
  };
  cluster.on("error", onError);
  cluster.on("node-error", onError);
  await begin(cluster, signal, () => cluster.connect());
  isOpen = true;
  knownNodes.clear();
  for (const { address } of cluster.masters) knownNodes.add(address);
  return {
    send: (key, command) => cluster.sendCommand(key, false, [...command], replies),
    ping: () => Promise.all(cluster.masters.map(async (node) => (await cluster.nodeClient(node)).ping())),
    close() {
      isOpen = false;
      cluster.destroy();
    },
  };
}

const defaultPort = 6379;

function addressOf(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(address.slice(colon + 1)) };
}

/**
 * Until the work is done, an abort ends the client, and with it whatever the work waits for. The client goes on connecting
 * while it is destroyed, so it may have to be destroyed once more afterwards.
 */
async function begin<T>(client: { destroy(): void }, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const destroy = (): void => client.destroy();
  signal.addEventListener("abort", destroy, { once: true });
  try {
    const done = await work();
    signal.throwIfAborted();
    return done;
  } catch (error) {
    client.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", destroy);
  }
}

/** The reply is a list of names and values. */
function isOfCluster(hello: unknown): boolean {
  if (!Array.isArray(hello)) return false;
  const words = hello.map(String);
  return words[words.indexOf("mode") + 1] === "cluster";
}
