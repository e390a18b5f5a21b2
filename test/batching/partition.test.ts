import { describe, expect, it } from "vitest";
import { partitionKeys, partitionName } from "../../src/batching/partition.ts";
import { keyOf } from "./task-keys.ts";

describe("partitionKeys", () => {
  it("makes no partition of no keys", () => {
    expect(partitionKeys([])).toEqual([]);
  });

  it("keeps accounts and scopes apart, though their ids are equal", () => {
    const partitions = partitionKeys([
      keyOf("one", "7"),
      keyOf("two", "7"),
      keyOf("one", "7", [], "2"),
      keyOf("one", "7", [], "project-2"),
    ]);

    expect(partitions.map(({ account, scope }) => [account, scope])).toEqual([
      ["one", ""],
      ["two", ""],
      ["one", "2"],
      ["one", "project-2"],
    ]);
  });

  it("has an id that is asked twice once, with all that is wanted of it", () => {
    const [partition] = partitionKeys([keyOf("one", "7", ["items"]), keyOf("one", "7"), keyOf("one", "7", ["detail"])]);

    expect(partition?.wanted).toEqual([{ localId: "7", facets: new Set(["items", "detail"]) }]);
  });

  it("does not write into the facets of the keys that it was given", () => {
    const first = keyOf("one", "7", ["items"]);

    partitionKeys([first, keyOf("one", "7", ["detail"])]);

    expect(first.facets).toEqual(new Set(["items"]));
  });

  it("puts ids with equal wishes together, so that few calls carry the costlier facets", () => {
    const [partition] = partitionKeys([
      keyOf("one", "1", ["items"]),
      keyOf("one", "2"),
      keyOf("one", "3", ["items"]),
      keyOf("one", "4"),
    ]);

    expect(partition?.wanted.map(({ localId }) => localId)).toEqual(["2", "4", "1", "3"]);
  });

  it("takes facets in another order for the same wish", () => {
    const [partition] = partitionKeys([
      keyOf("one", "3", ["b", "a"]),
      keyOf("one", "1", ["a", "b"]),
      keyOf("one", "2", ["b", "a"]),
    ]);

    expect(partition?.wanted.map(({ localId }) => localId)).toEqual(["1", "2", "3"]);
  });
});

describe("partitionName", () => {
  it("is another for every account and scope", () => {
    const names = [
      { account: "one", scope: "" },
      { account: "one", scope: "2" },
      { account: "one2", scope: "" },
    ].map(partitionName);

    expect(new Set(names).size).toBe(3);
  });
});
