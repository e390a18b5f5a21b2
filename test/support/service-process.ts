import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";

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

/** @param program what is run in place of the service's own `main` */
export function startProcess(
  args: readonly string[],
  environment: Record<string, string> = {},
  program = main,
): ServiceProcess {
  const child = spawn(process.execPath, [program, ...args], {
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

/** The service with a configuration file of its own. */
export interface ConfiguredProcess extends ServiceProcess {
  /** Without a path. */
  readonly url: string;
  /** Ends what is left of it. Safe to repeat. */
  end(): Promise<void>;
}

export const servingLine = /"url":"(http:[^"]+)\/graphql","msg":"serving"/;

/** Starts the service and waits until it serves. */
export async function startConfigured(
  document: object,
  args: readonly string[] = [],
  program = main,
): Promise<ConfiguredProcess> {
  const folder = mkdtempSync(join(tmpdir(), "batch-task-"));
  const path = join(folder, "batch-task.yaml");
  writeFileSync(path, stringify(document));
  const started = startProcess(["--config", path, ...args], {}, program);
  const end = async (): Promise<void> => {
    started.process.kill("SIGKILL");
    await started.exitCode;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [, url = ""] = await started.prints(servingLine);
    return { ...started, url, end };
  } catch (error) {
    await end();
    throw error;
  }
}
