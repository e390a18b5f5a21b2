/** What the graph has to know of one concrete type of task. A provider's definition says it. */
export interface TaskType {
  /** The concrete GraphQL type: `SopsTask`. */
  readonly typename: string;
  /** Fields of the type that cost more than the status, by the facet that brings them. */
  readonly facets: Readonly<Record<string, readonly string[]>>;
  /** Fields of the type that are lists, served page by page. */
  readonly pagedLists: Readonly<Record<string, EntryFilter>>;
}

export interface EntryFilter {
  /** Decides by the field's arguments, paging arguments left out, whether an entry is shown. */
  keeps(entry: never, args: Readonly<Record<string, unknown>>): boolean;
}

/** By concrete GraphQL type. */
export type TaskTypes = ReadonlyMap<string, TaskType>;
