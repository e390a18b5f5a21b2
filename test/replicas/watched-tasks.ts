import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Dice } from "../graphql/dice.ts";
import { startService } from "../support/service.ts";
import type { ScaledClock } from "./scaled-clock.ts";

/** A task that was under way when the test began. */
export interface WatchedTask {
  readonly id: string;
  readonly account: string;
  readonly upstream: string;
  readonly upstreamId: string;
  /** Epoch milliseconds; null where nobody tells. */
  readonly createdAt: number | null;
}

interface Share {
  readonly account: string;
  readonly upstream: string;
  readonly tasks: number;
  readonly clients: number;
}

/** Sixty tasks and two hundred clients. Some are worth asking for every five seconds, others every half minute. */
export const shares: readonly Share[] = [
  { account: "sim", upstream: "eiotclub", tasks: 20, clients: 50 },
  { account: "ops", upstream: "bk-sops", tasks: 16, clients: 60 },
  { account: "drs-prod", upstream: "huawei-drs", tasks: 12, clients: 50 },
  { account: "spark-prod", upstream: "huawei-dli", tasks: 6, clients: 20 },
  { account: "lark", upstream: "feishu-contact", tasks: 6, clients: 20 },
];

/** The youngest tasks that are under way: those are worth asking for most often. */
export async function chooseTasks(sandbox: Sandbox, { now }: ScaledClock): Promise<readonly WatchedTask[]> {
  const service = await startService({ sandbox, now });
  const chosen: WatchedTask[] = [];
  for (const { account, upstream, tasks } of shares) {
    const held = sandbox.tasks().filter((task) => task.account === account);
    const { body } = await service.query(
      "query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { id upstreamId status createdAt } } } }",
      { ids: held.map(({ upstreamId }) => `${account}:${upstreamId}`) },
    );
    const found = (body.data.batchTasks.lookups as Lookup[]).map(({ task }) => task);
    const running = found.filter((task) => task?.status === "RUNNING" || task?.status === "PENDING");
    const watched = running.map((task) => ({
      id: task?.id ?? "",
      account,
      upstream,
      upstreamId: task?.upstreamId ?? "",
      createdAt: task?.createdAt ? Date.parse(task.createdAt) : null,
    }));
    chosen.push(...watched.toSorted((left, right) => (right.createdAt ?? 0) - (left.createdAt ?? 0)).slice(0, tasks));
  }
  await service.close();
  await sandbox.reset();
  return chosen;
}

interface Lookup {
  readonly task: {
    readonly id: string;
    readonly upstreamId: string;
    readonly status: string;
    readonly createdAt: string | null;
  } | null;
}

/** Each client watches 5 to 20 tasks of one account, as somebody does who has started them. */
export function shareOut(tasks: readonly WatchedTask[], dice: Dice): readonly (readonly string[])[] {
  return shares.flatMap(({ account, clients }) => {
    const ids = tasks.filter((task) => task.account === account).map(({ id }) => id);
    return Array.from({ length: clients }, () => draw(ids, 5 + dice.below(1 + dice.below(ids.length - 4)), dice));
  });
}

function draw(ids: readonly string[], count: number, dice: Dice): readonly string[] {
  const left = [...ids];
  return Array.from({ length: count }, () => left.splice(dice.below(left.length), 1)).flat();
}
