import {
  readArray,
  readFilledText,
  readInteger,
  readObject,
  readText,
  type WireObject,
} from "../shared/wire-values.ts";

/** What came of one sub-task: personal data. */
export type FeishuItemState = FeishuUserItemState | FeishuDepartmentItemState;

interface ItemState {
  /** Position in the creating request. */
  readonly index: number;
  readonly outcome: "SUCCEEDED" | "FAILED";
  /** The provider's own; 0 is success. */
  readonly code: number;
  readonly message: string;
  readonly action: "ADD" | "UPDATE" | null;
  readonly name: string | null;
}

export interface FeishuUserItemState extends ItemState {
  readonly __typename: "FeishuUserItem";
  readonly email: string | null;
  readonly mobile: string | null;
  readonly userId: string | null;
  readonly openId: string | null;
  readonly departmentIds: readonly string[];
}

export interface FeishuDepartmentItemState extends ItemState {
  readonly __typename: "FeishuDepartmentItem";
  readonly departmentId: string | null;
  readonly parentDepartmentId: string | null;
  readonly chatId: string | null;
}

export type FeishuTaskKind = "ADD_USER" | "ADD_DEPARTMENT" | "UNKNOWN";

export function normalizeFeishuItems(taskInfo: readonly unknown[], kind: FeishuTaskKind): FeishuItemState[] {
  const items: FeishuItemState[] = [];
  for (const [index, value] of taskInfo.entries()) {
    const item = readObject(value);
    if (item) items.push(isDepartment(item, kind) ? departmentItem(item, index) : userItem(item, index));
  }
  return items;
}

export function isFailedItem(item: WireObject): boolean {
  return codeOf(item) !== 0;
}

/** Whether the `items` field shows an item, by its outcome when one is asked for. */
export function keepsFeishuItem(item: FeishuItemState, { outcome }: Readonly<Record<string, unknown>>): boolean {
  return outcome === undefined || outcome === null || outcome === item.outcome;
}

function userItem(item: WireObject, index: number): FeishuUserItemState {
  return {
    __typename: "FeishuUserItem",
    ...commonFields(item, index),
    email: readFilledText(item.email),
    mobile: readFilledText(item.mobile),
    userId: readFilledText(item.user_id),
    openId: readFilledText(item.open_id),
    departmentIds: (readArray(item.departments) ?? []).map(readFilledText).filter((id) => id !== null),
  };
}

function departmentItem(item: WireObject, index: number): FeishuDepartmentItemState {
  return {
    __typename: "FeishuDepartmentItem",
    ...commonFields(item, index),
    departmentId: readFilledText(item.department_id),
    parentDepartmentId: readFilledText(item.parent_id),
    chatId: readFilledText(item.chat_id),
  };
}

function commonFields(item: WireObject, index: number): ItemState {
  const code = codeOf(item);
  return {
    index,
    outcome: code === 0 ? "SUCCEEDED" : "FAILED",
    code,
    message: readText(item.msg) ?? "",
    action: actions.get(readInteger(item.action)) ?? null,
    name: readFilledText(item.name),
  };
}

const actions: ReadonlyMap<number | null, "ADD" | "UPDATE"> = new Map([
  [1, "ADD"],
  [2, "UPDATE"],
]);

const unreadableCode = -1;

/** Every key is optional. An action is told of successful items only, so it stands in for a missing code. */
function codeOf(item: WireObject): number {
  return readInteger(item.code) ?? (actions.has(readInteger(item.action)) ? 0 : unreadableCode);
}

const departmentKeys = ["department_id", "parent_id", "chat_id"];

function isDepartment(item: WireObject, kind: FeishuTaskKind): boolean {
  if (kind !== "UNKNOWN") return kind === "ADD_DEPARTMENT";
  return departmentKeys.some((key) => key in item);
}
