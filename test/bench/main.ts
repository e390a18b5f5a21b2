import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { measureAccountDown } from "./account-down.ts";
import { judgeGoals } from "./goals.ts";
import { type Lab, startLab, subjectNames } from "./lab.ts";
import { type Measurement, measure } from "./measure.ts";
import { type BenchOptions, readOptions, usage } from "./options.ts";
import { accountDownText, type BenchReport, cellLines, goalsText, soakText, tableHead } from "./report.ts";
import { soak } from "./soak.ts";
import type { Cell } from "./workload.ts";

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(error instanceof TypeError ? `${error.message}\n\n${usage}` : `${describe(error)}\n`);
  process.exit(1);
}

async function main(options: BenchOptions): Promise<void> {
  const lab = await startLab(options.profileFolder);
  try {
    const report = await run(lab, options);
    if (options.jsonFile !== undefined) await writeFile(options.jsonFile, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await lab.stop();
  }
}

async function run(lab: Lab, options: BenchOptions): Promise<BenchReport> {
  const environment = {
    startedAt: new Date().toISOString(),
    node: process.version,
    processors: availableParallelism(),
  };
  if (options.cells.length > 0) print(tableHead(environment));
  await warmUp(lab, options);
  const measurements: Measurement[] = [];
  for (const cell of options.cells) {
    if (cell.kind === "shared-terminal" && !lab.sharingSubjects) continue;
    measurements.push(...(await measureCell(lab, cell, options)));
  }
  if (!lab.sharingSubjects)
    print("Without a Redis (REDIS_URL, port 6379, or a server to start): no shared-terminal rows\n");
  const accountDown = options.accountDown ? await measureAccountDown(lab, options.interval) : null;
  if (accountDown) print(accountDownText(accountDown));
  const soaked = options.soakMinutes > 0 ? await soak(lab, options.soakMinutes) : null;
  if (soaked) print(soakText(soaked));
  const goals = judgeGoals(measurements);
  if (goals.length > 0) print(goalsText(goals));
  return { ...environment, measurements, accountDown, soak: soaked, goals };
}

/** Compiled code, connections and heaps of the servers; thrown away. */
async function warmUp(lab: Lab, { interval }: BenchOptions): Promise<void> {
  const cell = { idsPerQuery: 100, upstreamLatencyMs: 0, clients: 16, kind: "distinct" } as const;
  for (const subject of subjectNames) await measure(lab, subject, cell, interval);
}

/** The servers one directly after the other, so that what else the machine does meets them alike. */
async function measureCell(lab: Lab, cell: Cell, { interval }: BenchOptions): Promise<Measurement[]> {
  const floor = await measure(lab, "floor", cell, interval);
  const obvious = await measure(lab, "obvious", cell, interval);
  const subgraph = await measure(lab, "subgraph", cell, interval);
  print(cellLines({ floor, obvious, subgraph }));
  return [floor, obvious, subgraph];
}

function print(text: string): void {
  process.stdout.write(text);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
