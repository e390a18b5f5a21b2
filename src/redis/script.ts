import { createHash } from "node:crypto";
import type { Link } from "./link.ts";

/** What Redis does in one step. It is sent in full only to a server that does not know it yet. */
export interface Script {
  readonly source: string;
  /** Of the source, hexadecimal; its name at the server. */
  readonly sha1: string;
}

export function createScript(source: string): Script {
  return { source, sha1: createHash("sha1").update(source).digest("hex") };
}

/** Those that a script is run for. They have one hash tag. */
export type ScriptKeys = readonly [string, ...string[]];

/** Rejects as the link does. */
export async function runScript(
  link: Link,
  { source, sha1 }: Script,
  keys: ScriptKeys,
  args: readonly (string | Buffer)[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return await link.send(keys[0], ["EVALSHA", sha1, ...rest]);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return link.send(keys[0], ["EVAL", source, ...rest]);
  }
}
