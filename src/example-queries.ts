import type { ExampleQuery } from "./server/graphiql.ts";

/** Queries to begin with: one over all providers, one for what only a provider tells, one over the accounts. */
export function exampleQueries(ids: readonly string[]): ExampleQuery[] {
  const summary = `query HowAreTheyDoing($ids: [ID!]!) {
  batchTasks(ids: $ids) {
    summary { total resolved allTerminal anyNeedsAttention countsByStatus { status count } pollAfter }
    lookups {
      requestedId
      task {
        __typename
        id
        status
        isTerminal
        rawStatus { value label }
        progress { percent succeeded failed total }
        name
      }
      problem { code message retryable }
    }
  }
}`;
  const details = `query WhatOnlyTheProviderTells($ids: [ID!]!) {
  batchTasks(ids: $ids) {
    lookups {
      task {
        id
        status
        ... on EiotclubTask { result }
        ... on FeishuContactTask {
          kind
          items(first: 10, outcome: FAILED) { totalCount nodes { index code message } }
        }
        ... on SopsTask {
          hasIgnoredErrors
          nodes(first: 10, maxDepth: 2) { totalCount nodes { depth name status } }
        }
        ... on DliBatchJob { projectId }
        ... on DrsJob { projectId }
      }
    }
  }
}`;
  const accounts = "query Accounts { batchTaskAccounts { name provider health maxIdsPerCall minPollSeconds } }";
  if (ids.length === 0) return [{ query: accounts }];
  return [{ query: summary, variables: { ids } }, { query: details, variables: { ids } }, { query: accounts }];
}
