/** Draws that follow from a seed alone. */
export interface Dice {
  /** 0 to `bound` (excluded). */
  below(bound: number): number;
  /** @param probability 0 to 1 */
  happens(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

/** Marsaglia's xorshift of 32 bits: small, and good enough to draw test cases. */
export function createDice(seed: number): Dice {
  let state = seed | 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let warmUp = 0; warmUp < 8; warmUp += 1) next();
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    below,
    happens: (probability) => next() < probability,
    pick(items) {
      if (items.length === 0) throw new Error("There is nothing to pick from");
      return items[below(items.length)] as (typeof items)[number];
    },
  };
}
