import type { ImportTask } from "./tasks.ts";

/** One entry of `task_info`. People, addresses and numbers are made up. */
export function taskItem(task: ImportTask, index: number): unknown {
  const failed = task.failEvery !== 0 && (index + 1) % task.failEvery === 0;
  const name = `${task.type === "add_user" ? "person" : "department"}_${task.number}_${index + 1}`;
  const common = failed
    ? { code: 10013, msg: "invalid user_id" }
    : { code: 0, msg: "success", action: 1 + (index % 2) };
  return task.type === "add_user" ? userItem(common, name, index, failed) : departmentItem(common, name, index);
}

/** `open_id` and `action` are absent on failure. */
function userItem(common: object, name: string, index: number, failed: boolean): unknown {
  return {
    ...common,
    departments: [`department_${index % 5}`],
    email: `${name}@example.com`,
    mobile: `1300000${String(index).padStart(4, "0")}`,
    name,
    ...(failed ? {} : { open_id: `ou_${name}` }),
    user_id: failed ? `_${name}` : name,
  };
}

/** `chat_id` only where the department has a group. */
function departmentItem(common: object, name: string, index: number): unknown {
  return {
    ...common,
    ...(index % 2 === 0 ? { chat_id: `oc_${name}` } : {}),
    department_id: name,
    name,
    parent_id: index === 0 ? "0" : name.replace(/[0-9]+$/, String(index)),
  };
}
