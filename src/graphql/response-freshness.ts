import type { EpochMs } from "../tasks/task.ts";

/** How long a whole answer is good: as long as the part that is good for the shortest time. */
export interface ResponseFreshness {
  /** The answer holds something that is good until then. */
  limitTo(freshUntilAt: EpochMs): void;
  /** The answer holds a problem, or something that nobody may keep. */
  forbid(): void;
  /** Value of the `Cache-Control` header. */
  cacheControl(now: EpochMs): string;
}

/** Some caches go on with an old answer on a bare `no-store`. */
export const notToBeKept = "no-store, max-age=0";

export function createResponseFreshness(): ResponseFreshness {
  let freshUntilAt = Number.POSITIVE_INFINITY;
  return {
    limitTo(at) {
      freshUntilAt = Math.min(freshUntilAt, at);
    },
    forbid() {
      freshUntilAt = 0;
    },
    cacheControl(now) {
      const seconds = Math.floor((freshUntilAt - now) / 1000);
      return Number.isFinite(seconds) && seconds > 0 ? `private, max-age=${seconds}` : notToBeKept;
    },
  };
}
