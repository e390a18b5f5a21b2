import type { CallLimits } from "../providers/provider.ts";
import type { EpochMs } from "../tasks/task.ts";

/** Whether an account's upstream takes another call. One for each account; places are counted over all its partitions. */
export interface Admission {
  /** Takes a place for one call, its attempts and pages included. Who entered gives it back with `leave`. */
  tryEnter(): Admittance;
  /** `limits` are those that the call was made with; none when none was made. */
  leave(limits?: CallLimits): void;
  /** For operators: what keeps calls out, however many places are free. */
  standing(): "open" | "throttled" | "circuit-open";
}

export type Admittance =
  | { readonly kind: "entered" }
  /** `againAt`: when the rate allows the next call; null when a place has to be given back first. */
  | { readonly kind: "full"; readonly againAt: EpochMs | null }
  | Closure;

/** Nobody enters before `until`, whoever leaves. */
export interface Closure {
  readonly kind: "closed";
  readonly because: "circuit-open" | "throttled";
  readonly until: EpochMs;
}
