import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { buildSubgraphSchema } from "@apollo/subgraph";
import DataLoader from "dataloader";
import { concatAST, parse } from "graphql";
import { readSchemaFiles } from "../../src/graphql/schema.ts";
import { type BenchedProvider, benchedProviders, localIdOf, type PlainTask, providerOf } from "./calls.ts";
import { tellUrl } from "./listen.ts";

/** The obvious implementation, as the documentation of its libraries shows it: nothing tuned, nothing spoilt. */

const [upstreamUrl = ""] = process.argv.slice(2);

type TaskLoader = DataLoader<string, PlainTask>;

interface Context {
  readonly loaders: ReadonlyMap<BenchedProvider, TaskLoader>;
}

function createLoader(provider: BenchedProvider): TaskLoader {
  return new DataLoader(
    async (ids) => {
      const { path, headers, body } = provider.request(ids.map(localIdOf));
      const response = await fetch(`${upstreamUrl}${path}`, { method: "POST", headers, body });
      const tasks = new Map(provider.read(await response.json()).map((task) => [task.id, task]));
      return ids.map((id) => tasks.get(id) ?? new Error(`${id} was not found`));
    },
    { maxBatchSize: provider.maxIdsPerCall },
  );
}

async function lookUp(requestedId: string, { loaders }: Context): Promise<unknown> {
  try {
    return { requestedId, task: await loaders.get(providerOf(requestedId))?.load(requestedId), problem: null };
  } catch (error) {
    process.stderr.write(`obvious: ${requestedId}: ${String(error)}\n`);
    return { requestedId, task: null, problem: { code: "NOT_FOUND" } };
  }
}

const resolvers = {
  Query: {
    batchTasks: (_root: unknown, { ids }: { ids: readonly string[] }, context: Context) => ({
      lookups: ids.map((id) => lookUp(id, context)),
    }),
  },
  BatchTask: {
    __resolveType: ({ id }: PlainTask) => providerOf(id).typename,
  },
};

const typeDefs = concatAST(readSchemaFiles().map((source) => parse(source)));
const server = new ApolloServer<Context>({ schema: buildSubgraphSchema([{ typeDefs, resolvers }]) });
const { url } = await startStandaloneServer(server, {
  listen: { host: "127.0.0.1", port: 0 },
  context: async () => ({
    loaders: new Map(benchedProviders.map((provider) => [provider, createLoader(provider)])),
  }),
});
tellUrl(url);
