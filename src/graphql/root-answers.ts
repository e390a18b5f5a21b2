import { collectFields } from "@graphql-tools/utils";
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  Kind,
  type OperationDefinitionNode,
} from "graphql";

/** One operation as it arrived, its variables being coerced. */
export interface ReadyOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variableValues: Readonly<Record<string, unknown>>;
  /** What belongs to this request alone. */
  readonly context: object;
}

/** Asks the fields of `Query` before anything is executed, each once, whoever executes afterwards. */
export interface RootAnswers {
  /**
   * What all fields came to, by response key. Null as soon as one came to an error, a list with errors in it
   * included: the others may be under way still. Null, too, without having asked when the fields cannot be asked this way.
   * Never rejects.
   */
  ask(operation: ReadyOperation): Promise<ReadonlyMap<string, unknown> | null>;
}

/** What a resolver answered, thrown error or promise included. */
type Reply = () => unknown;
type Resolve = GraphQLFieldResolver<unknown, unknown>;

/**
 * Takes the schema's root resolvers over: for a request whose fields were asked, they answer what was answered then. So
 * who executes the operation, even a second time, asks nobody again.
 */
export function createRootAnswers(schema: GraphQLSchema): RootAnswers {
  const answered = new WeakMap<object, ReadonlyMap<string, Reply>>();
  const resolvers = new Map<string, Resolve>();
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
    const { name, resolve } = field;
    if (!resolve) continue;
    resolvers.set(name, resolve);
    field.resolve = (root, args, context, info) => {
      const reply = answered.get(context as object)?.get(String(info.path.key));
      return reply ? reply() : resolve(root, args, context, info);
    };
  }
  return {
    async ask(operation) {
      const calls = readCalls(schema, resolvers, operation);
      if (!calls) return null;
      const replies = calls.map(([key, call]) => [key, replyOf(call)] as const);
      answered.set(operation.context, new Map(replies));
      try {
        const settled = await Promise.all(
          replies.map(async ([key, reply]) => [key, soundValue(await reply())] as const),
        );
        return new Map(settled);
      } catch {
        return null;
      }
    },
  };
}

type Call = readonly [responseKey: string, call: () => unknown];

/** Null when graphql-js has to say what is wrong, or when a field is not ours to resolve. */
function readCalls(
  schema: GraphQLSchema,
  resolvers: ReadonlyMap<string, Resolve>,
  { document, operation, variableValues, context }: ReadyOperation,
): Call[] | null {
  const parentType = schema.getQueryType();
  if (!parentType) return null;
  const fragments = fragmentsOf(document);

  function callOf(key: string, fieldNodes: readonly FieldNode[], type: GraphQLObjectType): Call {
    const [node] = fieldNodes;
    const field = type.getFields()[node?.name.value ?? ""];
    const resolve = resolvers.get(node?.name.value ?? "");
    if (!node || !field || !resolve) throw new Error(`Query has no resolver for ${key}`);
    const args = getArgumentValues(field, node, variableValues);
    const info: ExecutorsInfo = {
      fieldName: field.name,
      fieldNodes,
      returnType: field.type,
      parentType: type,
      path: { prev: undefined, key, typename: type.name },
      schema,
      fragments,
      rootValue: undefined,
      operation,
      variableValues,
    };
    return [key, () => resolve(undefined, args, context, info as GraphQLResolveInfo)];
  }

  try {
    const variables = { coerced: variableValues, sources: {} };
    const { fields } = collectFields(schema, fragments, variables, parentType, operation.selectionSet);
    return [...fields]
      .filter(([, [node]]) => node?.name.value !== "__typename")
      .map(([key, fieldNodes]) => callOf(key, fieldNodes, parentType));
  } catch {
    return null;
  }
}

/** What graphql-js 16 gives a resolver. The tools add to the type what other executors have. */
type ExecutorsInfo = Omit<GraphQLResolveInfo, "getAbortSignal" | "getAsyncHelpers">;

export function fragmentsOf(document: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  return fragments;
}

function replyOf(call: () => unknown): Reply {
  try {
    const reply = call();
    return () => reply;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** @throws the error that a resolver answered as a value, or among the values of its list */
function soundValue(value: unknown): unknown {
  if (value instanceof Error) throw value;
  const error = Array.isArray(value) && value.find((entry) => entry instanceof Error);
  if (error) throw error;
  return value;
}
