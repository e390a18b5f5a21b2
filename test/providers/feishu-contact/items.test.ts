import { describe, expect, it } from "vitest";
import { keepsFeishuItem, normalizeFeishuItems } from "../../../src/providers/feishu-contact/items.ts";
import departments from "../../../src/sandbox/samples/feishu-departments.json" with { type: "json" };
import users from "../../../src/sandbox/samples/feishu-users.json" with { type: "json" };

describe("normalizeFeishuItems", () => {
  it("reads the users of the vendor's sample, the failed one included", () => {
    const items = normalizeFeishuItems(users.data.task_info, "ADD_USER");

    expect(items).toEqual([
      {
        __typename: "FeishuUserItem",
        index: 0,
        outcome: "SUCCEEDED",
        code: 0,
        message: "success",
        action: "ADD",
        name: "custom_1",
        email: "custom_1@feishu.cn",
        mobile: "13000000001",
        userId: "custom_1",
        openId: "ou_123456784b68a7c89abcdef092dc09ea",
        departmentIds: ["custom_1"],
      },
      {
        __typename: "FeishuUserItem",
        index: 1,
        outcome: "FAILED",
        code: 10013,
        message: "invalid user_id",
        action: null,
        name: "custom_2",
        email: null,
        mobile: "13000000002",
        userId: "_custom_2",
        openId: null,
        departmentIds: ["custom_2"],
      },
    ]);
  });

  it("reads the departments of the vendor's sample", () => {
    const items = normalizeFeishuItems(departments.data.task_info, "ADD_DEPARTMENT");

    expect(items[0]).toMatchObject({
      __typename: "FeishuDepartmentItem",
      departmentId: "custom_1",
      parentDepartmentId: "0",
      chatId: "oc_123456784b68a7c89abcdef092dc09ea",
    });
    expect(items[1]).toMatchObject({ departmentId: "custom_2", parentDepartmentId: "custom_1", chatId: null });
  });

  it.each([
    [{ department_id: "d" }, "FeishuDepartmentItem"],
    [{ parent_id: "0" }, "FeishuDepartmentItem"],
    [{ chat_id: "c" }, "FeishuDepartmentItem"],
    [{ user_id: "u" }, "FeishuUserItem"],
    [{ name: "n" }, "FeishuUserItem"],
  ])("of an unknown kind are told by their keys: %j", (item, typename) => {
    const [read] = normalizeFeishuItems([item], "UNKNOWN");

    expect(read?.__typename).toBe(typename);
  });

  it.each([
    [{ code: 0 }, 0, "SUCCEEDED"],
    [{ code: "0" }, 0, "SUCCEEDED"],
    [{ code: 40013 }, 40013, "FAILED"],
    [{ action: 2 }, 0, "SUCCEEDED"],
    [{}, -1, "FAILED"],
    [{ code: null }, -1, "FAILED"],
    [{ code: 99999999999 }, -1, "FAILED"],
  ])("have a code and an outcome: %j", (item, code, outcome) => {
    expect(normalizeFeishuItems([item], "ADD_USER")[0]).toMatchObject({ code, outcome, message: "" });
  });

  it.each([
    [1, "ADD"],
    ["2", "UPDATE"],
    [3, null],
    [undefined, null],
  ])("have an action: %j", (action, expected) => {
    expect(normalizeFeishuItems([{ code: 0, action }], "ADD_USER")[0]?.action).toBe(expected);
  });

  it("keep their place in the request when one cannot be read", () => {
    const items = normalizeFeishuItems([null, { code: 0, departments: [1, null, ""] }], "ADD_USER");

    expect(items).toMatchObject([{ index: 1, departmentIds: ["1"] }]);
  });
});

describe("keepsFeishuItem", () => {
  const items = normalizeFeishuItems(users.data.task_info, "ADD_USER");

  it.each([
    [{}, [0, 1]],
    [{ outcome: null }, [0, 1]],
    [{ outcome: "SUCCEEDED" }, [0]],
    [{ outcome: "FAILED" }, [1]],
  ])("with %j shows items %j", (args, indexes) => {
    expect(items.filter((item) => keepsFeishuItem(item, args)).map(({ index }) => index)).toEqual(indexes);
  });
});
