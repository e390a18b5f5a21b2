/** A query that GraphiQL shows in a tab of its own when it is opened for the first time. */
export interface ExampleQuery {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A page that loads nothing from anywhere else. Its nine megabytes are only read when it is wanted. */
export async function renderGraphiqlPage(endpoint: string, examples: readonly ExampleQuery[]): Promise<string> {
  const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
  return renderGraphiQL({
    title: "Batch tasks",
    endpoint,
    defaultTabs: examples.map(({ query, variables }) => ({
      query,
      ...(variables && { variables: JSON.stringify(variables, null, 2) }),
    })),
  });
}
