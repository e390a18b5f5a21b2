import type { BatchedAccount } from "../../../src/batching/batching.ts";

type Admission = BatchedAccount["admission"];

/** A time in which nobody enters, epoch milliseconds. */
export interface Closure {
  readonly from: number;
  readonly until: number;
  readonly because: "circuit-open" | "throttled";
}

export interface AdmissionRules {
  readonly places: number;
  /** Milliseconds between two entries; 0 for no rate. */
  readonly spacingMs: number;
  readonly closures: readonly Closure[];
}

export interface ModelAdmission extends Admission {
  readonly rules: AdmissionRules;
  inUse(): number;
  /** How often somebody gave back what nobody had. */
  overdrawn(): number;
}

export const wideOpen: AdmissionRules = { places: 1_000_000, spacingMs: 0, closures: [] };

/** An account's gate: places, a rate, and times in which it is shut. */
export function createModelAdmission(rules: AdmissionRules): ModelAdmission {
  let inUse = 0;
  let overdrawn = 0;
  let nextEntryAt = 0;

  const closureNow = (): Closure | undefined =>
    rules.closures.find(({ from, until }) => from <= Date.now() && Date.now() < until);

  return {
    rules,
    inUse: () => inUse,
    overdrawn: () => overdrawn,
    tryEnter() {
      const closure = closureNow();
      if (closure) return { kind: "closed", because: closure.because, until: closure.until };
      if (inUse >= rules.places) return { kind: "full", againAt: null };
      if (Date.now() < nextEntryAt) return { kind: "full", againAt: nextEntryAt };
      inUse += 1;
      nextEntryAt = Date.now() + rules.spacingMs;
      return { kind: "entered" };
    },
    leave() {
      if (inUse === 0) overdrawn += 1;
      else inUse -= 1;
    },
    standing() {
      const closure = closureNow();
      return closure ? closure.because : "open";
    },
  };
}
