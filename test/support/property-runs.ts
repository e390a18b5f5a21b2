/** How often each property is tried: `PROPERTY_RUNS` of the environment, else few enough for every `npm test`. */
export const propertyRuns = readRuns(process.env.PROPERTY_RUNS) ?? 500;

/** Milliseconds that a property may take before it counts as stuck; a long run has its time. */
export const propertyTimeoutMs = 30_000 + propertyRuns * 100;

/** For properties of which one run is large. */
export const fewerRuns = (divisor: number): number => Math.max(1, Math.round(propertyRuns / divisor));

function readRuns(text: string | undefined): number | null {
  const runs = Number(text);
  return Number.isInteger(runs) && runs > 0 ? runs : null;
}
