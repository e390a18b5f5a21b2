import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Question, Reply } from "./answer-parent.ts";
import type { Usage } from "./process-probe.ts";

/** A process of the bench: a server that told its address and answers questions about itself. */
export interface Child {
  readonly url: string;
  ask<T>(about: string, value?: unknown): Promise<T>;
  usage(): Promise<Usage>;
  /** Asks it to end as an operator would, and waits until it has. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** Path of the module to run. */
  readonly module: string;
  readonly args: readonly string[];
  readonly nodeOptions?: readonly string[];
}

const probe = pathToFileURL(join(import.meta.dirname, "process-probe.ts")).href;

export async function startChild({ module, args, nodeOptions = [] }: ChildOptions): Promise<Child> {
  const child = fork(module, args, {
    execArgv: ["--import", probe, ...nodeOptions],
    env: { PATH: process.env.PATH ?? "", NODE_ENV: "production", PORT: "0" },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const url = await firstUrl(child);
  let asked = 0;

  function ask<T>(about: string, value?: unknown): Promise<T> {
    const number = asked++;
    return new Promise((resolve, reject) => {
      function settle(reply: Reply): void {
        if (reply.number !== number) return;
        child.off("message", settle);
        child.off("exit", fail);
        resolve(reply.value as T);
      }
      const fail = (): void => reject(new Error(`${module} ended under way`));
      child.on("message", settle);
      child.once("exit", fail);
      child.send({ number, about, value } satisfies Question);
    });
  }

  return {
    url,
    ask,
    usage: () => ask<Usage>("usage"),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** The first address that the process writes, in a line of JSON. What it writes is read on to the end, unused. */
async function firstUrl(child: ChildProcess): Promise<string> {
  let written = "";
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      if (written.length < 10_000) written += chunk.toString();
      const match = /"url":"([^"]+)"/.exec(written);
      if (match?.[1]) resolve(match[1]);
    });
    child.once("exit", (code) =>
      reject(new Error(`A server ended with ${code} before it told its address: ${written}`)),
    );
  });
}
