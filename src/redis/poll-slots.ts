/** Calls back after a while. What is due at about the same time comes in one turn of the event loop. */
export interface PollSlots<T> {
  add(item: T, afterMs: number): void;
  clear(): void;
}

const slotMs = 10;

export function createPollSlots<T>(onDue: (items: readonly T[]) => void): PollSlots<T> {
  const slots = new Map<number, { readonly items: T[]; readonly timer: NodeJS.Timeout }>();

  function open(dueAt: number): T[] {
    const items: T[] = [];
    const fire = (): void => {
      slots.delete(dueAt);
      onDue(items);
    };
    slots.set(dueAt, { items, timer: setTimeout(fire, dueAt * slotMs - performance.now()) });
    return items;
  }

  return {
    add(item, afterMs) {
      const dueAt = Math.ceil((performance.now() + afterMs) / slotMs);
      (slots.get(dueAt)?.items ?? open(dueAt)).push(item);
    },
    clear() {
      for (const { timer } of slots.values()) clearTimeout(timer);
      slots.clear();
    },
  };
}
