import type { EpochMs } from "../tasks/task.ts";

/** Ids of one account that made whole calls fail. They are asked alone for a while, so that the others need not pay again. */
export interface Quarantine {
  has(scope: string, localId: string): boolean;
  /** Begins the time anew for an id that is in already. */
  add(scope: string, localId: string): void;
  /** Another replica has found that out: until then, or for a minute from now, whichever is sooner. */
  hold(scope: string, localId: string, until: EpochMs): void;
  release(scope: string, localId: string): void;
  /** Ids that are in now. */
  size(): number;
}

/** Told of each id that comes in here, and until when, and of each that is released (null). */
export type QuarantineChange = (scope: string, localId: string, until: EpochMs | null) => void;

const quarantineMs = 60_000;

export function createQuarantine(now: () => EpochMs, changed: QuarantineChange): Quarantine {
  /** When each may mix with others again, about in order. */
  const untilByName = new Map<string, EpochMs>();

  /** One that is held for longer than anybody ever is was held before the clock was set back. */
  function isHeld(until: EpochMs, at: EpochMs): boolean {
    return until > at && until <= at + quarantineMs;
  }

  function dropExpired(): void {
    const at = now();
    for (const [name, until] of untilByName) {
      if (isHeld(until, at)) return;
      untilByName.delete(name);
    }
  }

  function put(scope: string, localId: string, until: EpochMs): void {
    dropExpired();
    untilByName.delete(nameOf(scope, localId));
    untilByName.set(nameOf(scope, localId), until);
  }

  return {
    has: (scope, localId) => untilByName.size > 0 && isHeld(untilByName.get(nameOf(scope, localId)) ?? 0, now()),
    add(scope, localId) {
      const until = now() + quarantineMs;
      put(scope, localId, until);
      changed(scope, localId, until);
    },
    hold(scope, localId, until) {
      if (until > now()) put(scope, localId, Math.min(until, now() + quarantineMs));
    },
    release(scope, localId) {
      if (untilByName.delete(nameOf(scope, localId))) changed(scope, localId, null);
    },
    size() {
      dropExpired();
      return untilByName.size;
    },
  };
}

const nameOf = (scope: string, localId: string): string => `${scope}:${localId}`;
