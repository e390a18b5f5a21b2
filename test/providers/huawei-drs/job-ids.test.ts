import { describe, expect, it } from "vitest";
import { huaweiDrs } from "../../../src/providers/huawei-drs/index.ts";

const id = "9a470239-2308-4bb5-a6bc-1040402fjb21";

describe("the id of a DRS job", () => {
  it.each([id, id.toUpperCase(), "8d0e8e36-a618-490d-8a46-8c61ac9jb502", "8d0e8e36-a618-490d-8a46-8c61ac9fjb2i"])(
    "is read from %s, in lower case",
    (text) => {
      const canonical = text.toLowerCase();

      expect(huaweiDrs.parseUpstreamId(text)).toEqual({ upstreamId: canonical, scope: "", localId: canonical });
    },
  );

  it.each(["", `${id}\n`, id.slice(1), `${id}0`, id.replaceAll("-", ""), `../${id}`, id.replace("j", "é")])(
    "is not read from %j",
    (text) => {
      expect(huaweiDrs.parseUpstreamId(text)).toBeNull();
    },
  );

  it("of the probe is one of them", () => {
    expect(huaweiDrs.parseUpstreamId(huaweiDrs.probeId)).not.toBeNull();
  });
});

describe("a DRS account", () => {
  const account = {
    provider: "huawei-drs",
    baseUrl: "https://drs.example.com",
    projectId: "p1",
    auth: { token: "TOKEN" },
  };

  it("asks for English texts unless it says otherwise", () => {
    expect(huaweiDrs.accountSchema.parse(account).language).toBe("en-us");
    expect(huaweiDrs.accountSchema.parse({ ...account, language: "zh-cn" }).language).toBe("zh-cn");
  });

  it.each(["en", "EN-US"])("does not take the language %s", (language) => {
    expect(huaweiDrs.accountSchema.safeParse({ ...account, language }).success).toBe(false);
  });
});
