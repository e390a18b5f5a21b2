import { describe, expect, it } from "vitest";
import { huaweiDli } from "../../../src/providers/huawei-dli/index.ts";

const id = "0a324461-d9d9-45da-a52a-3b3c7a3d809e";

describe("the id of a DLI batch", () => {
  it.each([id, id.toUpperCase()])("is read from %s, in lower case", (text) => {
    expect(huaweiDli.parseUpstreamId(text)).toEqual({ upstreamId: id, scope: "", localId: id });
  });

  it.each(["", `${id} `, `${id}/state`, `../${id}`, id.replace("a", "g"), id.slice(1), `${id},${id}`, `{${id}}`])(
    "is not read from %j",
    (text) => {
      expect(huaweiDli.parseUpstreamId(text)).toBeNull();
    },
  );

  it("of the probe is one of them", () => {
    expect(huaweiDli.parseUpstreamId(huaweiDli.probeId)).not.toBeNull();
  });
});
