import { expect } from "vitest";
import { lostIds } from "../supergraph/import-records.ts";
import { noteOn } from "../supergraph/imports-subgraph.ts";
import type { QueryShape } from "./query-shapes.ts";
import type { SupergraphWorld } from "./supergraph-world.ts";

const [simId, opsId, drsId] = ["sim:884001", "ops:2/30000105", "drs-prod:9a470239-2308-4bb5-a6bc-1040402fjb21"];
const [unknownId] = lostIds.unknown;
const [malformedId] = lostIds.malformed;

const told = ({ taskOf }: SupergraphWorld, id: string) => ({ id, status: taskOf(id).status });

const notAnObject = 'says: Abstract type "BatchTask" was resolved to a non-object type "BatchTask".';
const losesErrors = "loses the errors of entities that are null";
const keepsParents = "leaves a null where the schema has none";

/** Queries for what is not there, or cannot be had. */
export const shapesInTrouble: readonly QueryShape[] = [
  {
    name: "a task that is not there: null without an error",
    query: "query ($id: ID!) { batchTask(id: $id) { id status note } }",
    variables: () => ({ id: unknownId }),
    data: () => ({ batchTask: null }),
    requests: 1,
    upstreamCalls: { "bk-sops": 1 },
  },
  {
    name: "an id that makes no sense: null with an error",
    query: "query ($id: ID!) { batchTask(id: $id) { id status } }",
    variables: () => ({ id: malformedId }),
    data: () => ({ batchTask: null }),
    errors: [{ path: "batchTask", code: "INVALID_ID" }],
    requests: 1,
    upstreamCalls: {},
  },
  {
    name: "problems as values beside a task with the peer's field",
    query:
      "query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { requestedId task { id status note } problem { code } } } }",
    variables: () => ({ ids: [unknownId, opsId, malformedId] }),
    data: (world) => ({
      batchTasks: {
        lookups: [
          { requestedId: unknownId, task: null, problem: { code: "NOT_FOUND" } },
          { requestedId: opsId, task: { ...told(world, opsId), note: noteOn(opsId) }, problem: null },
          { requestedId: malformedId, task: null, problem: { code: "INVALID_ID" } },
        ],
      },
    }),
    requests: 1,
    upstreamCalls: { "bk-sops": 1 },
  },
  {
    name: "unknown ids in the peer's list: null items without an error",
    query: '{ importRecord(id: "unknown") { relatedTasks { id status } } }',
    data: (world) => ({ importRecord: { relatedTasks: [told(world, simId), null, told(world, opsId), null] } }),
    requests: 1,
    upstreamCalls: { "bk-sops": 1, eiotclub: 1, "huawei-drs": 1 },
    differs: {
      hive: {
        observed: notAnObject,
        errors: [
          { path: "importRecord.relatedTasks.1", code: null },
          { path: "importRecord.relatedTasks.3", code: null },
        ],
      },
    },
  },
  {
    name: "ids that make no sense in the peer's list: null items with an error each",
    query: '{ importRecord(id: "malformed") { relatedTasks { id status } } }',
    data: (world) => ({ importRecord: { relatedTasks: [told(world, simId), null, null, told(world, opsId)] } }),
    errors: [
      { path: "importRecord.relatedTasks.1", code: "INVALID_ID" },
      { path: "importRecord.relatedTasks.2", code: "UNKNOWN_ACCOUNT" },
    ],
    requests: 1,
    upstreamCalls: { "bk-sops": 1, eiotclub: 1 },
    differs: { hive: { observed: losesErrors, errors: [] } },
  },
  {
    name: "unknown ids of which only the peer's field is asked: the peer knows what it says",
    query: '{ importRecord(id: "unknown") { relatedTasks { id note } } }',
    data: ({ records }) => ({
      importRecord: {
        relatedTasks: records
          .find(({ id }) => id === "unknown")
          ?.relatedTaskIds.map((id) => ({ id, note: noteOn(id) })),
      },
    }),
    requests: 0,
    upstreamCalls: {},
    differs: { hive: { observed: "makes sure of the concrete type, which costs no upstream call", requests: 1 } },
  },
  {
    name: "an unknown id where the peer promised a task: the record goes, without an error",
    query: '{ importRecord(id: "lost") { title task { status } } }',
    data: () => ({ importRecord: null }),
    requests: 1,
    upstreamCalls: { "bk-sops": 1 },
    differs: {
      hive: { observed: notAnObject, errors: [{ path: "importRecord.task", code: null }] },
      "hive-rust": { observed: keepsParents, data: () => ({ importRecord: { title: "Import lost", task: null } }) },
    },
  },
  {
    name: "an id that makes no sense where the peer promised a task: the record goes, with the error",
    query: '{ importRecord(id: "broken") { title task { status } } }',
    data: () => ({ importRecord: null }),
    errors: [{ path: "importRecord.task", code: "INVALID_ID" }],
    requests: 1,
    upstreamCalls: {},
    differs: {
      hive: {
        observed: "loses the error, and masks its own complaint of the null",
        errors: [{ path: "importRecord.task", code: "INTERNAL_SERVER_ERROR" }],
      },
      "hive-rust": { observed: keepsParents, data: () => ({ importRecord: { title: "Import broken", task: null } }) },
    },
  },
  {
    name: "a part that cannot be had: null at its place, the rest of the task is there",
    query:
      "query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { id status name note ... on DrsJob { taskMode } } } } }",
    variables: () => ({ ids: [simId, drsId] }),
    arrange: ({ sandbox }) =>
      sandbox.upstream("huawei-drs").fault({ kind: "status", status: 500, whenPath: "/batch-detail" }),
    data: (world) => ({
      batchTasks: {
        lookups: [
          { task: { ...told(world, simId), name: null, note: noteOn(simId) } },
          { task: { ...told(world, drsId), name: null, note: noteOn(drsId), taskMode: expect.any(String) } },
        ],
      },
    }),
    errors: [{ path: "batchTasks.lookups.1.task.name", code: "UPSTREAM_UNAVAILABLE" }],
    requests: 1,
    upstreamCalls: { eiotclub: 1, "huawei-drs": 4 },
  },
  {
    name: "one upstream down: a value beside the healthy ones",
    query: "query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { id status note } problem { code } } } }",
    variables: () => ({ ids: [simId, opsId] }),
    arrange: ({ sandbox }) => sandbox.upstream("eiotclub").down(),
    data: (world) => ({
      batchTasks: {
        lookups: [
          { task: null, problem: { code: "UPSTREAM_UNAVAILABLE" } },
          { task: { ...told(world, opsId), note: noteOn(opsId) }, problem: null },
        ],
      },
    }),
    requests: 1,
    upstreamCalls: { "bk-sops": 1 },
  },
  {
    name: "one upstream down, entered by the peer: its items null with an error, the others there",
    query: '{ importRecord(id: "import-1") { tasks(first: 3) { id status } } }',
    arrange: ({ sandbox }) => sandbox.upstream("eiotclub").down(),
    data: (world) => ({ importRecord: { tasks: [null, told(world, opsId), told(world, drsId)] } }),
    errors: [{ path: "importRecord.tasks.0", code: "UPSTREAM_UNAVAILABLE" }],
    requests: 1,
    upstreamCalls: { "bk-sops": 1, "huawei-drs": 1 },
    differs: { hive: { observed: losesErrors, errors: [] } },
  },
];
