import { parseArgs } from "node:util";
import type { Interval } from "./measure.ts";
import { type Cell, idKinds } from "./workload.ts";

export interface BenchOptions {
  readonly cells: readonly Cell[];
  readonly interval: Interval;
  /** Whether to measure what an account that is down does to others. */
  readonly accountDown: boolean;
  readonly soakMinutes: number;
  readonly jsonFile: string | undefined;
  readonly profileFolder: string | undefined;
}

export const usage = `npm run bench -- [options]

  --quick              1 s per cell, and fewer cells
  --duration SECONDS   measured time per cell and server (default 2.5)
  --only 500,1000      ids per query (default 1,10,100,500,1000)
  --latency 0,20       upstream latency, ms
  --clients 1,64
  --ids distinct,overlapping,terminal,half-terminal,shared-terminal
  --no-cells           nothing of the above
  --no-account-down    without the account that is down
  --soak MINUTES       64 clients, memory sampled
  --json FILE          all figures, once more
  --profile FOLDER     a V8 profile of the subgraph's process
`;

/** @throws TypeError when an option is not known or makes no sense */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      quick: { type: "boolean", default: false },
      duration: { type: "string" },
      only: { type: "string" },
      latency: { type: "string" },
      clients: { type: "string" },
      ids: { type: "string" },
      cells: { type: "boolean", default: true },
      "account-down": { type: "boolean", default: true },
      soak: { type: "string" },
      json: { type: "string" },
      profile: { type: "string" },
    },
  });
  const { quick } = values;
  const seconds = values.duration === undefined ? (quick ? 1 : 2.5) : readNumber(values.duration);
  const cells = allCells({
    sizes: readNumbers(values.only ?? (quick ? "1,100,1000" : "1,10,100,500,1000")),
    latencies: readNumbers(values.latency ?? (quick ? "0" : "0,20")),
    clients: readNumbers(values.clients ?? (quick ? "64" : "1,64")),
    kinds: idKinds.filter((kind) => (values.ids ?? idKinds.join()).split(",").includes(kind)),
  });
  return {
    cells: values.cells ? cells : [],
    interval: { warmUpMs: Math.min(700, seconds * 500), measuredMs: seconds * 1000 },
    accountDown: values["account-down"],
    soakMinutes: values.soak === undefined ? 0 : readNumber(values.soak),
    jsonFile: values.json,
    profileFolder: values.profile,
  };
}

interface Axes {
  readonly sizes: readonly number[];
  readonly latencies: readonly number[];
  readonly clients: readonly number[];
  readonly kinds: readonly Cell["kind"][];
}

function allCells({ sizes, latencies, clients, kinds }: Axes): Cell[] {
  return kinds.flatMap((kind) =>
    latencies.flatMap((upstreamLatencyMs) =>
      clients.flatMap((clientCount) =>
        sizes.map((idsPerQuery) => ({ idsPerQuery, upstreamLatencyMs, clients: clientCount, kind })),
      ),
    ),
  );
}

const readNumbers = (text: string): number[] => text.split(",").map(readNumber);

function readNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number) || number < 0) throw new TypeError(`"${text}" is not a number`);
  return number;
}
