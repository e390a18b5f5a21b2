/** Looked up tasks by where their answer is from, or by the code of their problem. */
export type Sources = ReadonlyMap<string, number>;

const lookupLine = /^batch_task_lookups_total\{.*outcome="(\w+)".*\} (\d+)$/gm;

export const noSources: Sources = new Map();

/** Asks a subgraph's metrics. */
export async function readSources(url: string): Promise<Sources> {
  const response = await fetch(new URL("/metrics", url));
  const text = await response.text();
  const sources = new Map<string, number>();
  for (const [, outcome = "", count] of text.matchAll(lookupLine)) {
    sources.set(outcome, (sources.get(outcome) ?? 0) + Number(count));
  }
  return sources;
}

/** The shares of what was looked up in between. */
export function sharesSince(before: Sources, after: Sources): Record<string, number> {
  const counts = [...after].map(([source, count]) => [source, count - (before.get(source) ?? 0)] as const);
  const sum = counts.reduce((total, [, count]) => total + count, 0);
  return Object.fromEntries(counts.filter(([, count]) => count > 0).map(([source, count]) => [source, count / sum]));
}
