/**
 * Cuts a list into the fewest parts that keep a limit, evenly filled: 101 items at a limit of 100 are 51 and 50. Order is
 * kept.
 */
export function evenChunks<T>(items: readonly T[], limit: number): T[][] {
  const count = Math.ceil(items.length / limit);
  const chunks: T[][] = [];
  for (let index = 0, start = 0; index < count; index += 1) {
    const end = start + Math.ceil((items.length - start) / (count - index));
    chunks.push(items.slice(start, end));
    start = end;
  }
  return chunks;
}

/** Cuts as many parts as can be filled up to a limit, from the front; what is left over is in none. */
export function fullChunks<T>(items: readonly T[], limit: number): T[][] {
  const chunks: T[][] = [];
  for (let end = limit; end <= items.length; end += limit) chunks.push(items.slice(end - limit, end));
  return chunks;
}
