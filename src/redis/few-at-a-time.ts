/** Runs work as it comes, and no more than so much of it at once. What has to wait begins in the order in which it came. */
export function createFewAtATime(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = most;

  function end(): void {
    const begin = waiting.shift();
    if (begin) begin();
    else free += 1;
  }

  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((begin) => waiting.push(begin));
    try {
      return await work();
    } finally {
      end();
    }
  };
}
