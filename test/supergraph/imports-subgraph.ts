import { ApolloServer } from "@apollo/server";
import {
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import { startStandaloneServer } from "@apollo/server/standalone";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { parse } from "graphql";
import type { ImportRecord } from "./import-records.ts";

/** What another team would run beside this subgraph. */
export interface ImportsSubgraph {
  readonly url: string;
  /** Operations received since the last clearing, oldest first. */
  readonly operations: readonly string[];
  clearOperations(): void;
  close(): Promise<void>;
}

/** Joins the tasks as the README tells: by the interface, never by a concrete type. */
export const importsSdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@interfaceObject"])

  type Query {
    importRecord(id: ID!): ImportRecord
    importRecords(first: Int = 20): [ImportRecord!]!
  }

  "Something that was imported by batch tasks."
  type ImportRecord @key(fields: "id") {
    id: ID!
    title: String!
    "The task that does the import."
    task: BatchTask!
    "Tasks that have to do with it; null where there is none of that id."
    relatedTasks: [BatchTask]!
    "The task and the related ones."
    tasks(first: Int = 10): [BatchTask]!
  }

  type BatchTask @key(fields: "id") @interfaceObject {
    id: ID!
    "The record that the task was made for."
    importRecord: ImportRecord
    "What somebody remarked."
    note: String
  }
`;

/** Nothing but an id: all else about a task is the other subgraph's. */
interface TaskStub {
  readonly __typename: "BatchTask";
  readonly id: string;
}

export async function startImportsSubgraph(records: readonly ImportRecord[]): Promise<ImportsSubgraph> {
  const operations: string[] = [];
  const server = new ApolloServer({
    schema: buildSubgraphSchema([{ typeDefs: parse(importsSdl), resolvers: createImportResolvers(records) }]),
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      { requestDidStart: async ({ request }) => void operations.push(request.query ?? "") },
    ],
  });
  const { url } = await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: 0 } });
  return {
    url,
    operations,
    clearOperations: () => operations.splice(0),
    close: () => server.stop(),
  };
}

function createImportResolvers(records: readonly ImportRecord[]) {
  const byId = new Map(records.map((record) => [record.id, record]));
  const byTaskId = new Map(records.toReversed().map((record) => [record.taskId, record]));
  return {
    Query: {
      importRecord: (_root: unknown, { id }: { readonly id: string }) => byId.get(id) ?? null,
      importRecords: (_root: unknown, { first }: { readonly first: number }) => records.slice(0, first),
    },
    ImportRecord: {
      __resolveReference: async ({ id }: { readonly id: string }) => byId.get(id) ?? null,
      task: ({ taskId }: ImportRecord) => stubOf(taskId),
      relatedTasks: ({ relatedTaskIds }: ImportRecord) => relatedTaskIds.map(stubOf),
      tasks: ({ taskId, relatedTaskIds }: ImportRecord, { first }: { readonly first: number }) =>
        [taskId, ...relatedTaskIds].slice(0, first).map(stubOf),
    },
    BatchTask: {
      __resolveReference: async ({ id }: TaskStub) => stubOf(id),
      importRecord: ({ id }: TaskStub) => byTaskId.get(id) ?? null,
      note: ({ id }: TaskStub) => noteOn(id),
    },
  };
}

const stubOf = (id: string): TaskStub => ({ __typename: "BatchTask", id });

export const noteOn = (taskId: string): string => `Remark on ${taskId}`;
