/** The highest percentage shown of each running task, so that none is shown going backwards. */
export interface ProgressMemory {
  /** @returns the percentage to show: at least what was shown before */
  advance(taskId: string, percent: number): number;
  /** A terminal task has no further progress. */
  forget(taskId: string): void;
}

/** Room for that many running tasks; beyond it the one not asked about for the longest time is forgotten. */
export function createProgressMemory(maxTasks = 10_000): ProgressMemory {
  const highest = new Map<string, number>();

  return {
    advance(taskId, percent) {
      const shown = Math.max(percent, highest.get(taskId) ?? 0);
      highest.delete(taskId);
      highest.set(taskId, shown);
      const [oldest] = highest.keys();
      if (highest.size > maxTasks && oldest !== undefined) highest.delete(oldest);
      return shown;
    },
    forget: (taskId) => void highest.delete(taskId),
  };
}
