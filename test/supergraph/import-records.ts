/** A record of the imports team: what somebody wanted imported, and the tasks that do it. */
export interface ImportRecord {
  readonly id: string;
  readonly title: string;
  readonly taskId: string;
  readonly relatedTaskIds: readonly string[];
}

/** Ids that the records point at although no task has them. */
export const lostIds = {
  unknown: ["ops:2/39999999", "drs-prod:00000000-0000-0000-0000-000000000000"],
  malformed: ["ops:not-a-task", "nobody:1"],
} as const;

/**
 * One record for each task, related to the next two; and some that point at nothing: `unknown` and `malformed` in a list,
 * `lost` and `broken` at the place of their only task.
 */
export function createImportRecords(taskIds: readonly string[]): ImportRecord[] {
  const next = (place: number): string => taskIds[place % taskIds.length] ?? "";
  const sound = taskIds.map((taskId, place) => ({
    id: `import-${place + 1}`,
    title: `Import ${place + 1}`,
    taskId,
    relatedTaskIds: [next(place + 1), next(place + 2)],
  }));
  const [unknownId, otherUnknownId] = lostIds.unknown;
  return [
    ...sound,
    recordOf("unknown", next(0), [next(0), unknownId, next(1), otherUnknownId]),
    recordOf("malformed", next(0), [next(0), ...lostIds.malformed, next(1)]),
    recordOf("lost", unknownId, []),
    recordOf("broken", lostIds.malformed[0], []),
  ];
}

function recordOf(id: string, taskId: string, relatedTaskIds: readonly string[]): ImportRecord {
  return { id, title: `Import ${id}`, taskId, relatedTaskIds };
}
