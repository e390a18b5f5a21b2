import { createHash } from "node:crypto";
import { type TaskLife, taskLifeAt } from "../task-life.ts";
import type { FeishuSwitches } from "./switches.ts";
import { taskItem } from "./task-items.ts";

/** What is fixed about a made-up import task. */
export interface ImportTask {
  readonly id: string;
  readonly type: "add_user" | "add_department";
  readonly itemCount: number;
  /** Every so many-th item fails; 0: none. */
  readonly failEvery: number;
  /** Seeds its life. */
  readonly number: number;
}

/** `count` tasks of a tenant with ids of 32 hex digits. The first has many items, the second fails whole; both are over. */
export function importTasks(tenant: string, firstNumber: number, count: number): readonly ImportTask[] {
  return Array.from({ length: count }, (_, index) => ({
    id: createHash("md5").update(`${tenant}/${index}`).digest("hex"),
    type: index % 3 === 2 ? "add_department" : "add_user",
    itemCount: index === 0 ? 500 : 1 + ((index * 7) % 23),
    failEvery: index === 0 ? 9 : index === 1 ? 1 : ((index % 4) * 5) % 11,
    number: index < 2 ? nextOverAtStart(firstNumber + index * count) : firstNumber + index,
  }));
}

/** The first number from `taskNumber` on whose task has succeeded when the sandbox starts. */
function nextOverAtStart(taskNumber: number): number {
  const { phase } = taskLifeAt(taskNumber, 0, 0);
  return phase === "succeeded" ? taskNumber : nextOverAtStart(taskNumber + 1);
}

/** The whole answer for a made-up task at this moment. */
export function importTaskAnswer(task: ImportTask, startedAt: number, now: number, switches: FeishuSwitches): unknown {
  const life = taskLifeAt(task.number, startedAt, now);
  const status = rawStatus(life, switches);
  const isEnded = life.endedAt !== null;
  const done = Math.floor(life.fraction * task.itemCount);
  const failed = task.failEvery === 0 ? 0 : Math.floor(done / task.failEvery);

  const data = {
    task_id: task.id,
    type: task.type,
    status,
    progress: Math.floor(life.fraction * 100),
    total_num: task.itemCount,
    success_num: done - failed,
    fail_num: failed,
    create_time: Math.floor(life.createdAt / 1000),
    ...finishFields(task, life, status, switches),
    ...(switches.zeroFinishTimeWhileRunning && !isEnded ? { finish_time: 0 } : {}),
  };
  return { code: 0, msg: "success", data };
}

/** 0 while it waits, 1 to 7 over the work, 8 shortly before the end, then the end. */
function rawStatus(life: TaskLife, switches: FeishuSwitches): number {
  if (life.phase === "waiting") return 0;
  if (life.endedAt === null) return Math.min(8, 1 + Math.floor(life.fraction * 7.5));
  return switches.endStatus ?? (life.phase === "succeeded" ? 9 : 10);
}

/** Items only come when the task ended normally; a task that failed as a whole has a time alone. */
function finishFields(task: ImportTask, life: TaskLife, status: number, switches: FeishuSwitches): object {
  if (life.endedAt === null || (status === 8 && switches.finishFieldsFrom === "9")) return {};
  const finishTime = { finish_time: Math.floor(life.endedAt / 1000) };
  if (status !== 8 && status !== 9) return finishTime;
  const done = Math.floor(life.fraction * task.itemCount);
  return { ...finishTime, task_info: Array.from({ length: done }, (_, index) => taskItem(task, index)) };
}
