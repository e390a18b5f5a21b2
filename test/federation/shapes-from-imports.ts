import { noteOn } from "../supergraph/imports-subgraph.ts";
import type { Difference, QueryShape } from "./query-shapes.ts";
import type { SupergraphWorld } from "./supergraph-world.ts";

const recordsUpTo = (count: number, { records }: SupergraphWorld) => records.slice(0, count);

const allTasks = 200;
const oneCallEach = { "bk-sops": 1, eiotclub: 1, "feishu-contact": 1, "huawei-dli": 1, "huawei-drs": 1 };

const asksTypename = "makes sure of the concrete type, which costs no upstream call";

const unplanned = {
  observed:
    "Failed to plan query: walker failed to locate path: No paths found for selection item (a concrete type's field)",
  data: () => undefined,
  errors: [{ path: "", code: "INTERNAL_SERVER_ERROR" }],
  requests: 0,
  upstreamCalls: {},
} satisfies Difference;

/** Queries that enter by a field of the peer, so that this subgraph is asked for entities. */
export const shapesFromImports: readonly QueryShape[] = [
  {
    name: "the task of one record",
    query: '{ importRecord(id: "import-1") { title task { id status } } }',
    data: ({ taskOf }) => ({
      importRecord: { title: "Import 1", task: { id: "sim:884001", status: taskOf("sim:884001").status } },
    }),
    requests: 1,
    upstreamCalls: { eiotclub: 1 },
    representations: [1],
  },
  {
    name: "the tasks of 200 records, in one request and the fewest upstream calls",
    query: `{ importRecords(first: ${allTasks}) { id task { id status isTerminal needsAttention rawStatus { value } } } }`,
    data: (world) => ({
      importRecords: recordsUpTo(allTasks, world).map(({ id, taskId }) => {
        const { status, isTerminal, needsAttention, rawStatus } = world.taskOf(taskId);
        return { id, task: { id: taskId, status, isTerminal, needsAttention, rawStatus } };
      }),
    }),
    requests: 1,
    upstreamCalls: { "bk-sops": 1, eiotclub: 2, "feishu-contact": 5, "huawei-dli": 5, "huawei-drs": 1 },
    representations: [allTasks],
  },
  {
    name: "tasks that several records share",
    query: "{ importRecords(first: 3) { tasks(first: 3) { id status } } }",
    data: (world) => ({
      importRecords: recordsUpTo(3, world).map(({ taskId, relatedTaskIds }) => ({
        tasks: [taskId, ...relatedTaskIds].map((id) => ({ id, status: world.taskOf(id).status })),
      })),
    }),
    requests: 1,
    upstreamCalls: oneCallEach,
  },
  {
    name: "only the id and the peer's own fields, which need not us at all",
    query: "{ importRecords(first: 5) { task { id note } } }",
    data: (world) => ({
      importRecords: recordsUpTo(5, world).map(({ taskId }) => ({ task: { id: taskId, note: noteOn(taskId) } })),
    }),
    requests: 0,
    upstreamCalls: {},
    differs: { hive: { observed: asksTypename, requests: 1 } },
  },
  {
    name: "only __typename, which asks no upstream",
    query: "{ importRecords(first: 5) { task { __typename } } }",
    data: (world) => ({
      importRecords: recordsUpTo(5, world).map(({ taskId }) => ({
        task: { __typename: world.taskOf(taskId).typename },
      })),
    }),
    requests: 1,
    upstreamCalls: {},
  },
  {
    name: "our fields and the peer's, on fragments of concrete types",
    query: `{ importRecords(first: 5) { task {
      ... on SopsTask { scope note } ... on EiotclubTask { status importRecord { title } } ... on DrsJob { upstreamId }
    } } }`,
    data: (world) => ({
      importRecords: recordsUpTo(5, world).map(({ taskId, title }) => {
        const { typename, status, upstreamId } = world.taskOf(taskId);
        if (typename === "SopsTask") return { task: { scope: "CMDB_BIZ", note: noteOn(taskId) } };
        if (typename === "EiotclubTask") return { task: { status, importRecord: { title } } };
        return { task: typename === "DrsJob" ? { upstreamId } : {} };
      }),
    }),
    requests: 1,
    upstreamCalls: { "bk-sops": 1, eiotclub: 1 },
    differs: {
      hive: { observed: "asks for the fields of all fragments on tasks of every type", upstreamCalls: oneCallEach },
      "hive-rust": unplanned,
    },
  },
  {
    name: "arguments of a concrete type's field",
    query:
      '{ importRecord(id: "import-5") { task { ... on FeishuContactTask { items(first: 1, outcome: FAILED) { totalCount nodes { index } } } } } }',
    data: () => ({ importRecord: { task: { items: { totalCount: 1, nodes: [{ index: 1 }] } } } }),
    requests: 1,
    upstreamCalls: { "feishu-contact": 1 },
    differs: { "hive-rust": unplanned },
  },
  {
    name: "to and fro: a record's task's record's task",
    query: '{ importRecord(id: "import-2") { task { status importRecord { id task { id status } } } } }',
    data: ({ records, taskOf }) => {
      const id = records[1]?.taskId ?? "";
      const { status } = taskOf(id);
      return { importRecord: { task: { status, importRecord: { id: "import-2", task: { id, status } } } } };
    },
    requests: 1,
    upstreamCalls: { "bk-sops": 1 },
    differs: {
      apollo: { observed: "makes a request for each path to a task", requests: 2, upstreamCalls: { "bk-sops": 2 } },
    },
  },
  {
    name: "two ways to tasks in one operation",
    query: `query ($ids: [ID!]!) {
      batchTasks(ids: $ids) { lookups { task { status } } }
      importRecords(first: 3) { task { status } }
    }`,
    variables: ({ taskIds }) => ({ ids: taskIds.slice(3, 5) }),
    data: ({ taskIds, taskOf }) => ({
      batchTasks: { lookups: taskIds.slice(3, 5).map((id) => ({ task: { status: taskOf(id).status } })) },
      importRecords: taskIds.slice(0, 3).map((id) => ({ task: { status: taskOf(id).status } })),
    }),
    requests: 2,
    upstreamCalls: oneCallEach,
  },
  {
    name: "a variable's worth of fields: @include on what needs us",
    query:
      "query ($withStatus: Boolean!) { importRecords(first: 2) { title task { note status @include(if: $withStatus) } } }",
    variables: () => ({ withStatus: false }),
    data: (world) => ({
      importRecords: recordsUpTo(2, world).map(({ title, taskId }) => ({ title, task: { note: noteOn(taskId) } })),
    }),
    requests: 0,
    upstreamCalls: {},
    differs: { hive: { observed: asksTypename, requests: 1 } },
  },
  {
    name: "tasks at two places of a record",
    query: '{ importRecord(id: "import-1") { task { id status note } relatedTasks { id status note } } }',
    data: ({ records, taskOf }) => {
      const [record] = records;
      const doing = (id: string) => ({ id, status: taskOf(id).status, note: noteOn(id) });
      return { importRecord: { task: doing(record?.taskId ?? ""), relatedTasks: record?.relatedTaskIds.map(doing) } };
    },
    requests: 1,
    upstreamCalls: { "bk-sops": 1, eiotclub: 1, "huawei-drs": 1 },
    differs: { apollo: { observed: "makes a request for each path to a task", requests: 2 } },
  },
  {
    name: "an inline fragment on the interface",
    query: '{ importRecord(id: "import-1") { task { ... on BatchTask { status } } } }',
    data: ({ taskOf }) => ({ importRecord: { task: { status: taskOf("sim:884001").status } } }),
    requests: 1,
    upstreamCalls: { eiotclub: 1 },
  },
  {
    name: "a named fragment on the interface",
    query:
      'query { importRecord(id: "import-1") { task { ...Doing } } } fragment Doing on BatchTask { __typename id status note }',
    data: ({ taskOf }) => {
      const { typename, id, status } = taskOf("sim:884001");
      return { importRecord: { task: { __typename: typename, id, status, note: noteOn(id) } } };
    },
    requests: 1,
    upstreamCalls: { eiotclub: 1 },
    differs: {
      hive: {
        observed:
          'loses the fragment, id included, and says: Abstract type "BatchTask" was resolved to a non-object type "BatchTask".',
        data: () => ({ importRecord: null }),
        errors: [{ path: "importRecord.task", code: null }],
        requests: 0,
        upstreamCalls: {},
      },
    },
  },
  {
    name: "a field of the interface on a fragment of a concrete type",
    query: '{ importRecord(id: "import-1") { task { ... on EiotclubTask { status } } } }',
    data: ({ taskOf }) => ({ importRecord: { task: { status: taskOf("sim:884001").status } } }),
    requests: 1,
    upstreamCalls: { eiotclub: 1 },
    differs: {
      "hive-rust": {
        observed: "asks for __typename first, then for the status, and gives neither to the client",
        data: () => ({ importRecord: { task: {} } }),
        requests: 2,
      },
    },
  },
];
