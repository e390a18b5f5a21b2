import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { HeldTask } from "../../src/sandbox/upstream.ts";
import { expectedTask } from "../support/expected-task.ts";
import { nothingKept, startService, type TestService } from "../support/service.ts";

/** One moment for both sides: tasks of the sandbox live on its clock. */
const startedAt = Date.now();
const now = (): number => startedAt;

const fields = "id status isTerminal needsAttention rawStatus { value }";

let sandbox: Sandbox;
let service: TestService;
let wanted: HeldTask[];

beforeAll(async () => {
  sandbox = await startSandbox({ now });
  service = await startService({ sandbox, cache: nothingKept, now });
  wanted = interleave([
    take("sim:", 230),
    take("ops:2/", 60),
    take("ops:3/", 60),
    take("drs-prod:", 130),
    take("spark-prod:", 3),
    take("lark:", 3),
  ]);
});

beforeEach(() => {
  for (const name of sandbox.upstreamNames) sandbox.upstream(name).clearCalls();
  sandbox.upstream("bk-sops").act("clearCaches");
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

const publicId = ({ account, upstreamId }: HeldTask): string => `${account}:${upstreamId}`;

function take(prefix: string, count: number): HeldTask[] {
  const held = sandbox.tasks().filter((task) => publicId(task).startsWith(prefix));
  expect(held.length).toBeGreaterThanOrEqual(count);
  return held.slice(0, count);
}

/** Ids of one upstream do not stand together in a real query. */
function interleave(lists: readonly (readonly HeldTask[])[]): HeldTask[] {
  const longest = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, place) => lists.map((list) => list[place]))
    .flat()
    .filter((task) => task !== undefined);
}

function callsPerUpstream(): Record<string, number[]> {
  const counted = sandbox.upstreamNames.map((name) => {
    const sizes = sandbox.upstream(name).taskCalls.map(({ taskIds }) => taskIds?.length ?? 0);
    return [name, sizes.toSorted((left, right) => left - right)] as const;
  });
  return Object.fromEntries(counted.filter(([, sizes]) => sizes.length > 0));
}

const minimum = {
  eiotclub: [76, 77, 77],
  "bk-sops": [30, 30, 30, 30],
  "huawei-drs": [65, 65],
  "huawei-dli": [1, 1, 1],
  "feishu-contact": [1, 1, 1],
};

describe("one query over all five upstreams", () => {
  it("costs the fewest calls, evenly filled, and answers what each upstream holds", async () => {
    const ids = wanted.map(publicId);

    const { body } = await service.query(
      `query ($ids: [ID!]!) { batchTasks(ids: $ids) {
        lookups { requestedId task { ${fields} } problem { code } }
        summary { total resolved unresolved }
      } }`,
      { ids },
    );

    expect(body.errors).toBeUndefined();
    expect(body.data.batchTasks.lookups).toEqual(
      wanted.map((held) => ({ requestedId: publicId(held), task: expectedTask(held), problem: null })),
    );
    expect(body.data.batchTasks.summary).toEqual({ total: 486, resolved: 486, unresolved: 0 });
    expect(callsPerUpstream()).toEqual(minimum);
  });

  it("costs the same through _entities, by the interface's name and by the concrete types'", async () => {
    const typenames: Record<string, string> = { sim: "EiotclubTask", ops: "SopsTask", lark: "BatchTask" };
    const representations = wanted.map((held) => ({
      __typename: typenames[held.account] ?? "BatchTask",
      id: publicId(held),
    }));

    const { body } = await service.query(
      `query ($them: [_Any!]!) { _entities(representations: $them) { ... on BatchTask { ${fields} } } }`,
      { them: representations },
    );

    expect(body.errors).toBeUndefined();
    expect(body.data._entities).toEqual(wanted.map(expectedTask));
    expect(callsPerUpstream()).toEqual(minimum);
  });

  it("asks once for an id that is named many times, in any field of the operation", async () => {
    const [first, second] = take("sim:", 2).map(publicId);

    const { body } = await service.query(
      `query ($ids: [ID!]!, $id: ID!, $them: [_Any!]!) {
        one: batchTask(id: $id) { status }
        many: batchTasks(ids: $ids) { lookups { task { status } } summary { total } }
        _entities(representations: $them) { ... on BatchTask { status } }
      }`,
      { ids: [first, second, first], id: first, them: [{ __typename: "BatchTask", id: first }] },
    );

    expect(body.data.many.lookups).toHaveLength(3);
    expect(body.data.many.summary.total).toBe(2);
    expect(callsPerUpstream()).toEqual({ eiotclub: [2] });
  });

  it("asks nobody when the id answers everything that is selected", async () => {
    const ids = wanted.map(publicId);

    const { body } = await service.query(
      `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { requestedId task { __typename id provider account upstreamId } } } }`,
      { ids },
    );

    expect(body.data.batchTasks.lookups[0].task).toEqual({
      __typename: "EiotclubTask",
      id: ids[0],
      provider: "EIOTCLUB",
      account: "sim",
      upstreamId: ids[0]?.slice("sim:".length),
    });
    expect(callsPerUpstream()).toEqual({});
  });

  it("counts a set by distinct ids, in the order of the enum", async () => {
    const held = take("sim:", 100);
    const ids = [...held, ...held.slice(0, 10)].map(publicId);
    const expected = held.map(expectedTask);

    const { body } = await service.query(
      `query ($ids: [ID!]!) { batchTasks(ids: $ids) { summary {
        total allTerminal allSucceeded anyNeedsAttention countsByStatus { status count } pollAfter
      } } }`,
      { ids },
    );

    const { countsByStatus, pollAfter, ...summary } = body.data.batchTasks.summary;
    expect(summary).toEqual({ total: 100, allTerminal: false, allSucceeded: false, anyNeedsAttention: true });
    expect(countsByStatus).toEqual(
      ["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED"]
        .map((status) => ({ status, count: expected.filter((task) => task.status === status).length }))
        .filter(({ count }) => count > 0),
    );
    expect(Date.parse(pollAfter)).toBeGreaterThan(now());
  });
});
