import { badInputError } from "./errors.ts";
import type { EntryFilter } from "./task-type.ts";

/** A page of a list (Relay cursor connections specification). */
export interface ConnectionModel<Entry> {
  readonly edges: readonly { readonly node: Entry; readonly cursor: string }[];
  readonly nodes: readonly Entry[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly totalCount: number;
}

const largestPage = 1000;

/**
 * Cuts a page out of a list. A cursor stands for an entry's place in the whole list, whatever the filter, so that it keeps
 * its meaning when other arguments change.
 *
 * @throws BAD_USER_INPUT for a page size outside 0 to 1000 or a cursor that is not one of ours
 */
export function pageOf<Entry>(
  entries: readonly Entry[],
  args: Readonly<Record<string, unknown>>,
  filter: EntryFilter,
): ConnectionModel<Entry> {
  const { first, after, ...filterArgs } = args;
  const size = readPageSize(first);
  const afterPlace = readCursor(after);
  const kept = entries
    .map((node, place) => ({ node, place }))
    .filter(({ node }) => filter.keeps(node as never, filterArgs));
  const rest = kept.filter(({ place }) => place > afterPlace);
  const page = rest.slice(0, size);
  const edges = page.map(({ node, place }) => ({ node, cursor: writeCursor(place) }));
  return {
    edges,
    nodes: page.map(({ node }) => node),
    pageInfo: {
      hasNextPage: rest.length > page.length,
      hasPreviousPage: kept.length > rest.length,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: kept.length,
  };
}

function readPageSize(first: unknown): number {
  if (first === undefined || first === null) return largestPage;
  if (typeof first === "number" && first >= 0 && first <= largestPage) return first;
  throw badInputError(`"first" must be 0 to ${largestPage}.`);
}

const writeCursor = (place: number): string => Buffer.from(`place:${place}`).toString("base64url");

function readCursor(after: unknown): number {
  if (after === undefined || after === null) return -1;
  const place = /^place:(\d{1,9})$/.exec(Buffer.from(String(after), "base64url").toString())?.[1];
  if (place === undefined) throw badInputError('"after" must be a cursor of this list.');
  return Number(place);
}
