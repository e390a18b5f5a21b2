/** Taken before anything is replaced: what it waits for is every promise that can go on without a timer. */
const realSetImmediate = globalThis.setImmediate;

export const startAt = 1_700_000_000_000;

/** A run that takes so many steps does not come to an end. */
const mostSteps = 50_000;

interface Timer {
  readonly dueAt: number;
  readonly call: () => void;
}

/**
 * The event loop of Node with a clock that moves only when there is nothing else to do. Not Vitest's, which is too slow
 * for thousands of runs, and lets a millisecond go by between a timer and the `setImmediate` of its callback.
 */
export interface ModelClock {
  /** Calls `work` at a time, in a turn of its own. */
  at(dueAt: number, work: () => void): void;
  /** Timers and immediates that are set. */
  pending(): number;
  /** Runs until nothing is pending any more. `onQuiet` is called whenever time would have to go by for anything more. */
  runToEnd(onQuiet?: () => void): Promise<void>;
  /** Lets some time go by. */
  pass(milliseconds: number): Promise<void>;
}

/** Runs `work` with its own time, in which nothing outside of it happens. */
export async function onModelClock<T>(work: (clock: ModelClock) => Promise<T>): Promise<T> {
  const replaced = { setTimeout, clearTimeout, setImmediate, clearImmediate };
  const realNow = Date.now;
  const timers = new Map<object, Timer>();
  const immediates = new Map<object, () => void>();
  let now = startAt;

  function set<T>(list: Map<object, T>, entry: T): object {
    const handle = { ref: () => handle, unref: () => handle, hasRef: () => true };
    list.set(handle, entry);
    return handle;
  }

  Object.assign(globalThis, {
    setTimeout: (call: () => void, milliseconds = 1) => {
      const isUsable = milliseconds >= 1 && milliseconds < 2 ** 31;
      return set(timers, { call, dueAt: now + (isUsable ? Math.trunc(milliseconds) : 1) });
    },
    clearTimeout: (handle: object) => void timers.delete(handle),
    setImmediate: (call: () => void) => set(immediates, call),
    clearImmediate: (handle: object) => void immediates.delete(handle),
  });
  Date.now = () => now;

  function earliest(): [object, Timer] | undefined {
    let first: [object, Timer] | undefined;
    for (const entry of timers) if (!first || entry[1].dueAt < first[1].dueAt) first = entry;
    return first;
  }

  async function runUntil(end: number, onQuiet: () => void): Promise<void> {
    await settle();
    for (let step = 0; step < mostSteps; step += 1) {
      const [immediate] = immediates;
      const timer = immediate ? undefined : earliest();
      if (!immediate && timer?.[1].dueAt !== now) onQuiet();
      if (!immediate && (!timer || timer[1].dueAt > end)) return;
      if (immediate) {
        immediates.delete(immediate[0]);
        immediate[1]();
      } else if (timer) {
        timers.delete(timer[0]);
        now = Math.max(now, timer[1].dueAt);
        timer[1].call();
      }
      await settle();
    }
    throw new Error(`${timers.size + immediates.size} timers are still set after ${mostSteps} steps`);
  }

  try {
    return await work({
      at: (dueAt, call) => void set(timers, { call, dueAt }),
      pending: () => timers.size + immediates.size,
      runToEnd: (onQuiet = () => undefined) => runUntil(Number.POSITIVE_INFINITY, onQuiet),
      async pass(milliseconds) {
        const end = now + milliseconds;
        await runUntil(end, () => undefined);
        now = end;
      },
    });
  } finally {
    Object.assign(globalThis, replaced);
    Date.now = realNow;
  }
}

/** Lets every promise go on that needs no timer. */
function settle(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve));
}
