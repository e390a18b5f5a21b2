import { expect } from "vitest";
import { lostIds } from "../supergraph/import-records.ts";
import { noteOn } from "../supergraph/imports-subgraph.ts";
import type { QueryShape } from "./query-shapes.ts";
import type { SupergraphWorld } from "./supergraph-world.ts";

/** One task of each provider. */
const oneOfEach = ({ taskIds }: SupergraphWorld): readonly string[] => taskIds.slice(0, 5);
const idsVariable = (world: SupergraphWorld) => ({ ids: oneOfEach(world) });
const recordTitle = ({ records }: SupergraphWorld, taskId: string): string | undefined =>
  records.find((record) => record.taskId === taskId)?.title;

const oneCallEach = { "bk-sops": 1, eiotclub: 1, "feishu-contact": 1, "huawei-dli": 1, "huawei-drs": 1 };

const [simId, opsId] = ["sim:884001", "ops:2/30000105"];
const projectId = "054ba152d480d55b2f5dc0069e7ddef0";

/** What each provider alone tells, of the samples that the sandbox holds. */
const ownFields: Readonly<Record<string, unknown>> = {
  EiotclubTask: { result: "all cards changed" },
  SopsTask: { scope: "CMDB_BIZ", businessId: "2" },
  DrsJob: { projectId },
  DliBatchJob: { projectId },
  FeishuContactTask: { kind: "ADD_USER" },
};

/** Queries that enter by a field of this subgraph. */
export const shapesFromTasks: readonly QueryShape[] = [
  {
    name: "fields of the interface, on tasks of every provider",
    query: `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups {
      task { id provider account upstreamId status isTerminal needsAttention rawStatus { value } } problem { code }
    } } }`,
    variables: idsVariable,
    data: (world) => ({
      batchTasks: {
        lookups: oneOfEach(world).map((id) => {
          const { typename: _, ...task } = world.taskOf(id);
          return { task, problem: null };
        }),
      },
    }),
    requests: 1,
    upstreamCalls: oneCallEach,
  },
  {
    name: "fragments on each concrete type",
    query: `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { __typename status
      ... on EiotclubTask { result } ... on SopsTask { scope businessId } ... on DrsJob { projectId }
      ... on DliBatchJob { projectId } ... on FeishuContactTask { kind }
    } } } }`,
    variables: idsVariable,
    data: (world) => ({
      batchTasks: {
        lookups: oneOfEach(world).map((id) => {
          const { typename, status } = world.taskOf(id);
          return { task: { __typename: typename, status, ...(ownFields[typename] as object) } };
        }),
      },
    }),
    requests: 1,
    upstreamCalls: oneCallEach,
  },
  {
    name: "the peer's fields before our own",
    query:
      "query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { note importRecord { title } id status } } } }",
    variables: idsVariable,
    data: (world) => ({
      batchTasks: {
        lookups: oneOfEach(world).map((id) => ({
          task: {
            note: noteOn(id),
            importRecord: { title: recordTitle(world, id) },
            id,
            status: world.taskOf(id).status,
          },
        })),
      },
    }),
    requests: 1,
    upstreamCalls: oneCallEach,
  },
  {
    name: "the peer's fields on fragments of concrete types",
    query: `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { status
      ... on SopsTask { note } ... on EiotclubTask { importRecord { title } }
    } } } }`,
    variables: () => ({ ids: [simId, opsId] }),
    data: (world) => ({
      batchTasks: {
        lookups: [
          { task: { status: world.taskOf(simId).status, importRecord: { title: recordTitle(world, simId) } } },
          { task: { status: world.taskOf(opsId).status, note: noteOn(opsId) } },
        ],
      },
    }),
    requests: 1,
    upstreamCalls: { "bk-sops": 1, eiotclub: 1 },
  },
  {
    name: "aliases of fields and of paths",
    query: `query ($one: ID!, $other: ID!) {
      one: batchTask(id: $one) { state: status raw: rawStatus { word: value } remark: note }
      other: batchTask(id: $other) { state: status again: status }
    }`,
    variables: () => ({ one: simId, other: opsId }),
    data: ({ taskOf }) => ({
      one: { state: taskOf(simId).status, raw: { word: taskOf(simId).rawStatus.value }, remark: noteOn(simId) },
      other: { state: taskOf(opsId).status, again: taskOf(opsId).status },
    }),
    requests: 1,
    upstreamCalls: { "bk-sops": 1, eiotclub: 1 },
  },
  {
    name: "one id named several times",
    query:
      "query ($ids: [ID!]!) { batchTasks(ids: $ids) { summary { total } lookups { requestedId task { status note } } } }",
    variables: () => ({ ids: [simId, opsId, simId, simId] }),
    data: ({ taskOf }) => ({
      batchTasks: {
        summary: { total: 2 },
        lookups: [simId, opsId, simId, simId].map((id) => ({
          requestedId: id,
          task: { status: taskOf(id).status, note: noteOn(id) },
        })),
      },
    }),
    requests: 1,
    upstreamCalls: { "bk-sops": 1, eiotclub: 1 },
  },
  {
    name: "only the id and the peer's field, which asks no upstream",
    query: "query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { id note } } } }",
    variables: idsVariable,
    data: (world) => ({ batchTasks: { lookups: oneOfEach(world).map((id) => ({ task: { id, note: noteOn(id) } })) } }),
    requests: 1,
    upstreamCalls: {},
  },
  {
    name: "only __typename, which asks no upstream",
    query: "query ($id: ID!) { batchTask(id: $id) { __typename } }",
    variables: () => ({ id: opsId }),
    data: () => ({ batchTask: { __typename: "SopsTask" } }),
    requests: 1,
    upstreamCalls: {},
  },
  {
    name: "only the summary",
    query: "query ($ids: [ID!]!) { batchTasks(ids: $ids) { summary { total resolved unresolved allTerminal } } }",
    variables: (world) => ({ ids: [...oneOfEach(world), lostIds.unknown[0]] }),
    data: () => ({ batchTasks: { summary: { total: 6, resolved: 5, unresolved: 1, allTerminal: false } } }),
    requests: 1,
    upstreamCalls: oneCallEach,
  },
  {
    name: "items and nodes with arguments",
    query: `query ($ids: [ID!]!, $first: Int!, $outcome: BatchTaskItemOutcome, $status: [BatchTaskStatus!]) {
      batchTasks(ids: $ids) { lookups { task {
        ... on FeishuContactTask { items(first: $first, outcome: $outcome) { totalCount nodes { index ... on FeishuUserItem { userId } } } }
        ... on SopsTask { nodes(first: $first, maxDepth: 2, status: $status) { pageInfo { hasNextPage } nodes { depth status } } }
      } } } }`,
    variables: () => ({
      ids: ["lark:123456784b68a7c89abcdef092dc09ea", "ops:2/30000111"],
      first: 1,
      outcome: "FAILED",
      status: ["SUCCEEDED"],
    }),
    data: () => ({
      batchTasks: {
        lookups: [
          { task: { items: { totalCount: 1, nodes: [{ index: 1, userId: "_custom_2" }] } } },
          { task: { nodes: { pageInfo: { hasNextPage: true }, nodes: [{ depth: 1, status: "SUCCEEDED" }] } } },
        ],
      },
    }),
    requests: 1,
    upstreamCalls: { "bk-sops": 1, "feishu-contact": 1 },
  },
  {
    name: "@include and @skip that leave only the id",
    query: `query ($id: ID!, $deep: Boolean!) {
      batchTask(id: $id) { id status @include(if: $deep) ... on BatchTask @include(if: $deep) { note rawStatus { value } } provider @skip(if: $deep) }
    }`,
    variables: () => ({ id: simId, deep: false }),
    data: () => ({ batchTask: { id: simId, provider: "EIOTCLUB" } }),
    requests: 1,
    upstreamCalls: {},
    differs: {
      hive: {
        observed: "asks for what an inline fragment on the interface holds, its @include left out",
        upstreamCalls: { eiotclub: 1 },
      },
    },
  },
  {
    name: "@include and @skip that leave the rest",
    query: `query ($id: ID!, $deep: Boolean!) {
      batchTask(id: $id) { id status @include(if: $deep) ... on BatchTask @include(if: $deep) { note rawStatus { value } } provider @skip(if: $deep) }
    }`,
    variables: () => ({ id: simId, deep: true }),
    data: ({ taskOf }) => {
      const { id, status, rawStatus } = taskOf(simId);
      return { batchTask: { id, status, note: noteOn(id), rawStatus } };
    },
    requests: 1,
    upstreamCalls: { eiotclub: 1 },
  },
  {
    name: "a named fragment used twice",
    query: `query ($id: ID!, $ids: [ID!]!) {
      batchTask(id: $id) { ...Doing }
      batchTasks(ids: $ids) { lookups { task { ...Doing } } }
    }
    fragment Doing on BatchTask { id status isTerminal note }`,
    variables: () => ({ id: simId, ids: [opsId] }),
    data: ({ taskOf }) => {
      const doing = (id: string) => ({
        id,
        status: taskOf(id).status,
        isTerminal: taskOf(id).isTerminal,
        note: noteOn(id),
      });
      return { batchTask: doing(simId), batchTasks: { lookups: [{ task: doing(opsId) }] } };
    },
    requests: 1,
    upstreamCalls: { "bk-sops": 1, eiotclub: 1 },
  },
  {
    name: "the accounts",
    query: "{ batchTaskAccounts { name provider } }",
    data: ({ sandbox }) => ({
      batchTaskAccounts: Object.entries(sandbox.accounts()).map(([name, { provider }]) => ({
        name,
        provider: String(provider).toUpperCase().replace("-", "_"),
      })),
    }),
    requests: 1,
    upstreamCalls: {},
  },
  {
    name: "from a task to the peer's record and to that record's tasks",
    query: "query ($id: ID!) { batchTask(id: $id) { id importRecord { relatedTasks { id status } } } }",
    variables: () => ({ id: simId }),
    data: ({ records, taskOf }) => ({
      batchTask: {
        id: simId,
        importRecord: { relatedTasks: records[0]?.relatedTaskIds.map((id) => ({ id, status: taskOf(id).status })) },
      },
    }),
    requests: 2,
    upstreamCalls: { "bk-sops": 1, "huawei-drs": 1 },
  },
  {
    name: "the supergraph's own description of a task",
    query: '{ __type(name: "BatchTask") { kind fields { name } possibleTypes { name } } }',
    data: () => ({
      __type: {
        kind: "INTERFACE",
        fields: expect.arrayContaining([{ name: "status" }, { name: "note" }, { name: "importRecord" }]),
        possibleTypes: expect.arrayContaining(Object.keys(ownFields).map((name) => ({ name }))),
      },
    }),
    requests: 0,
    upstreamCalls: {},
  },
];
