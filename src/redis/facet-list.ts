/** Facets as scripts read them: sorted and separated by commas. */
export function listFacets(facets: ReadonlySet<string>): string {
  return facets.size === 0 ? "" : [...facets].sort().join(",");
}

/** True when the one list has all of the other. */
export function coversList(told: string, wanted: string): boolean {
  if (wanted === "" || told === wanted) return true;
  const list = told.split(",");
  return wanted.split(",").every((facet) => list.includes(facet));
}
