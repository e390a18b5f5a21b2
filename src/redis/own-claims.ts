import type { EpochMs } from "../tasks/task.ts";
import { coversList } from "./facet-list.ts";

/** What this replica has told the others that it will ask. */
export interface OwnClaims {
  add(task: string, facets: string, untilAt: EpochMs): void;
  /** True when what is wanted is being asked for. */
  covers(task: string, wanted: string): boolean;
  /** Forgets those that ask for nothing but these facets; null: for whatever. True when there were any. */
  remove(task: string, facets: string | null): boolean;
  clear(): void;
}

export function createOwnClaims(now: () => EpochMs): OwnClaims {
  /** Until when, by task and facets. Those made first stand first. */
  const byTask = new Map<string, Map<string, EpochMs>>();

  function dropExpired(): void {
    const at = now();
    for (const [task, claims] of byTask) {
      for (const [facets, untilAt] of claims) if (untilAt <= at) claims.delete(facets);
      if (claims.size > 0) return;
      byTask.delete(task);
    }
  }

  return {
    add(task, facets, untilAt) {
      dropExpired();
      const claims = byTask.get(task) ?? new Map<string, EpochMs>();
      claims.set(facets, untilAt);
      byTask.delete(task);
      byTask.set(task, claims);
    },
    covers(task, wanted) {
      const claims = byTask.get(task);
      if (!claims) return false;
      const at = now();
      for (const [facets, untilAt] of claims) if (untilAt > at && coversList(facets, wanted)) return true;
      return false;
    },
    remove(task, facets) {
      const claims = byTask.get(task);
      if (!claims) return false;
      const before = claims.size;
      for (const claimed of claims.keys()) if (facets === null || coversList(facets, claimed)) claims.delete(claimed);
      if (claims.size === 0) byTask.delete(task);
      return claims.size < before;
    },
    clear: () => byTask.clear(),
  };
}
