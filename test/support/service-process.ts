import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** The service as its user starts it: a process of its own. */
export interface ServiceProcess {
  readonly process: ChildProcess;
  /** Everything written so far. */
  stdout(): string;
  stderr(): string;
  /** Waits until stdout matches, and answers the match. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  /** Exit code, once it ended. */
  exitCode: Promise<number | null>;
}

const main = join(import.meta.dirname, "../../src/main.ts");

export function startProcess(args: readonly string[], environment: Record<string, string> = {}): ServiceProcess {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH ?? "", PORT: "0", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    written.stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    written.stderr += chunk.toString();
  });
  const exitCode = once(child, "close").then(([code]) => code as number | null);
  return {
    process: child,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    async prints(pattern) {
      for (;;) {
        const match = pattern.exec(written.stdout);
        if (match) return match;
        const ended = await Promise.race([once(child.stdout, "data").then(() => false), exitCode.then(() => true)]);
        if (ended) throw new Error(`The process ended without printing ${pattern}: ${written.stdout}${written.stderr}`);
      }
    },
    exitCode,
  };
}
