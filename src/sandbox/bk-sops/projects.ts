/** A bk-sops project; its id and its CMDB business are numbered apart, on purpose so that mixing them up shows. */
export interface Project {
  readonly id: number;
  /** Null: not from the CMDB, reachable by its own id only. */
  readonly bizId: number | null;
  /** As public task ids write it. */
  readonly scopeKey: string;
}

export const PROJECTS: readonly Project[] = [
  { id: 1, bizId: 2, scopeKey: "2" },
  { id: 2, bizId: 3, scopeKey: "3" },
  { id: 7, bizId: null, scopeKey: "project-7" },
  { id: 8, bizId: 4, scopeKey: "4" },
  { id: 9, bizId: 5, scopeKey: "5" },
];

/** Any scope but `cmdb_biz` acts like `project`. */
export function findProject(id: string, scope: unknown): Project | undefined {
  return PROJECTS.find((project) => String(scope === "cmdb_biz" ? project.bizId : project.id) === id);
}

/** How a public task id writes what a call asked: `2` or `project-7`. */
export function scopeKeyAsAsked(id: string, scope: unknown): string {
  return scope === undefined || scope === "cmdb_biz" ? id : `project-${id}`;
}
