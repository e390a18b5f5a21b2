/** Queries for GraphiQL to begin with: over all providers, what only a provider tells, and the accounts. */
export function exampleQueries(ids: readonly string[]): string[] {
  const accounts = "query Accounts {\n  batchTaskAccounts { name provider health maxIdsPerCall minPollSeconds }\n}";
  return ids.length === 0 ? [accounts] : [summaryQuery(ids), detailQuery(ids), accounts];
}

const summaryQuery = (ids: readonly string[]): string => `query HowAreTheyDoing {
  batchTasks(ids: ${listOf(ids)}) {
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

const detailQuery = (ids: readonly string[]): string => `query WhatOnlyTheProviderTells {
  batchTasks(ids: ${listOf(ids)}) {
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

/** Written into the query: GraphiQL takes no variables for the tabs it is opened with. */
const listOf = (ids: readonly string[]): string => `[\n${ids.map((id) => `    "${id}"\n`).join("")}  ]`;
