import type { EpochMs } from "../tasks/task.ts";

/** Ids of one account that made whole calls fail. They are asked alone for a while, so that the others need not pay again. */
export interface Quarantine {
  has(scope: string, localId: string): boolean;
  /** Begins the time anew for an id that is in already. */
  add(scope: string, localId: string): void;
  release(scope: string, localId: string): void;
  /** Ids that are in now. */
  size(): number;
}

const quarantineMs = 60_000;

export function createQuarantine(now: () => EpochMs): Quarantine {
  /** When each may mix with others again, earliest first. */
  const untilByName = new Map<string, EpochMs>();

  function dropExpired(): void {
    const at = now();
    for (const [name, until] of untilByName) {
      if (until > at) return;
      untilByName.delete(name);
    }
  }

  return {
    has: (scope, localId) => untilByName.size > 0 && (untilByName.get(nameOf(scope, localId)) ?? 0) > now(),
    add(scope, localId) {
      dropExpired();
      untilByName.delete(nameOf(scope, localId));
      untilByName.set(nameOf(scope, localId), now() + quarantineMs);
    },
    release: (scope, localId) => void untilByName.delete(nameOf(scope, localId)),
    size() {
      dropExpired();
      return untilByName.size;
    },
  };
}

const nameOf = (scope: string, localId: string): string => `${scope}:${localId}`;
