import { createClient, RESP_TYPES } from "@redis/client";

/** Everything that stands in a Redis, each piece by where it stands. */
export type HeldBytes = ReadonlyMap<string, Buffer>;

const commandOf: Readonly<Record<string, (key: Buffer) => (string | Buffer)[]>> = {
  string: (key) => ["GET", key],
  hash: (key) => ["HGETALL", key],
  list: (key) => ["LRANGE", key, "0", "-1"],
  set: (key) => ["SMEMBERS", key],
  zset: (key) => ["ZRANGE", key, "0", "-1", "WITHSCORES"],
  stream: (key) => ["XRANGE", key, "-", "+"],
};

/** Reads all keys: their names, what they hold, and how Redis itself would write that to a disk. */
export async function readAll(url: string): Promise<HeldBytes> {
  const client = createClient({
    url,
    RESP: 2,
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  client.on("error", () => undefined);
  await client.connect();
  const held = new Map<string, Buffer>();
  try {
    let cursor = "0";
    do {
      const [next, keys] = (await client.sendCommand(["SCAN", cursor, "COUNT", "1000"])) as unknown as [
        Buffer,
        Buffer[],
      ];
      cursor = next.toString();
      for (const key of keys) {
        const type = String(await client.sendCommand(["TYPE", key]));
        const command = commandOf[type];
        // It has come to its end since.
        if (type === "none") continue;
        if (!command) throw new Error(`There is a way to hold something that this does not read: ${type}`);
        const name = key.toString("latin1");
        held.set(`the name of ${name}`, key);
        const value = await client.sendCommand(command(key));
        for (const [index, part] of partsOf(value).entries()) held.set(`part ${index} of ${name}`, part);
        for (const part of partsOf(await client.sendCommand(["DUMP", key]))) held.set(`the dump of ${name}`, part);
      }
    } while (cursor !== "0");
  } finally {
    client.destroy();
  }
  return held;
}

function partsOf(reply: unknown): Buffer[] {
  if (Buffer.isBuffer(reply)) return [reply];
  return Array.isArray(reply) ? reply.flatMap(partsOf) : [];
}

/** Where a text stands, in clear or in one of the ways in which programs write texts. */
export function findText(held: HeldBytes, text: string): string[] {
  const writings = writingsOf(text);
  return [...held].filter(([, bytes]) => writings.some((writing) => bytes.includes(writing))).map(([where]) => where);
}

function writingsOf(text: string): Buffer[] {
  const escaped = JSON.stringify(text).slice(1, -1);
  const texts = [
    text,
    escaped,
    escaped.replaceAll("/", "\\/"),
    text.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
    encodeURIComponent(text),
    Buffer.from(text).toString("hex"),
    ...base64Of(text),
  ];
  return [...texts.map((writing) => Buffer.from(writing)), Buffer.from(text, "utf16le")];
}

/** As it looks inside a longer text, which may begin anywhere in three bytes; without the ends that depend on neighbours. */
function base64Of(text: string): string[] {
  const plain = Buffer.from(text);
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), plain]);
    const from = before === 0 ? 0 : before + 1;
    const whole = Math.floor((bytes.length * 4) / 3);
    return (["base64", "base64url"] as const).map((encoding) => bytes.toString(encoding).slice(from, whole));
  });
}
