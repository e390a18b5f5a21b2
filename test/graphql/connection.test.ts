import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ConnectionModel, pageOf } from "../../src/graphql/connection.ts";

const everything = { keeps: () => true };
const odd = { keeps: (entry: number) => entry % 2 === 1 };

function allPages(entries: readonly number[], first: number, filter: typeof odd): ConnectionModel<number>[] {
  const pages: ConnectionModel<number>[] = [];
  let after: string | null = null;
  do {
    const page: ConnectionModel<number> = pageOf(entries, { first, after }, filter);
    pages.push(page);
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  } while (after !== null);
  return pages;
}

describe("pageOf", () => {
  it("walks through every entry once, in order, whatever the page size and the filter", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(100)),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(everything, odd),
        (entries, first, filter) => {
          const pages = allPages(entries, first, filter);

          const kept = entries.filter((entry) => filter.keeps(entry));
          expect(pages.flatMap(({ nodes }) => nodes)).toEqual(kept);
          expect(pages.every(({ totalCount }) => totalCount === kept.length)).toBe(true);
          expect(pages.map(({ pageInfo }) => pageInfo.hasPreviousPage)).toEqual(pages.map((_page, index) => index > 0));
        },
      ),
    );
  });

  it("keeps a cursor's meaning when the filter changes", () => {
    const cursorOf3 = pageOf([1, 2, 3, 4, 5], { first: 3 }, everything).pageInfo.endCursor;

    const page = pageOf([1, 2, 3, 4, 5], { first: 10, after: cursorOf3 }, odd);

    expect(page.nodes).toEqual([5]);
    expect(page.totalCount).toBe(3);
  });

  it("hands the filter every argument but those of paging", () => {
    const seen: unknown[] = [];
    const filter = { keeps: (_entry: number, args: unknown) => seen.push(args) > 0 };

    pageOf([1], { first: 1, after: null, maxDepth: 2, status: ["FAILED"] }, filter);

    expect(seen).toEqual([{ maxDepth: 2, status: ["FAILED"] }]);
  });

  it("gives an empty page of size 0 that knows of more", () => {
    const page = pageOf([1, 2], { first: 0 }, everything);

    expect(page).toEqual({
      edges: [],
      nodes: [],
      pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null },
      totalCount: 2,
    });
  });

  it.each([
    { first: -1 },
    { first: 1001 },
    { first: 1, after: "" },
    { first: 1, after: "???" },
    { first: 1, after: Buffer.from("place:-1").toString("base64url") },
    { first: 1, after: Buffer.from("place:1 or so").toString("base64url") },
  ])("refuses %o", (args) => {
    expect(() => pageOf([1], args, everything)).toThrow(
      expect.objectContaining({ extensions: { code: "BAD_USER_INPUT" } }),
    );
  });
});
