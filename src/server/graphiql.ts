/** A page that loads nothing from anywhere else. Its nine megabytes are only read when it is wanted. */
export async function renderGraphiqlPage(endpoint: string, exampleQueries: readonly string[]): Promise<string> {
  const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
  return renderGraphiQL({
    title: "Batch tasks",
    endpoint,
    defaultTabs: exampleQueries.map((query) => ({ query })),
  });
}
