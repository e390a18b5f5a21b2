import type { DocumentNode, GraphQLSchema, OperationDefinitionNode, VariableDefinitionNode } from "graphql";
import { keepPlans } from "./kept-plans.ts";
import { planCompletion } from "./plain-completion.ts";
import { createRootAnswers } from "./root-answers.ts";
import { readVariables } from "./variables.ts";

export interface ExecutionRequest {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** As the client sent them. */
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly context: object;
}

/** Executes what goes well in a few plain loops. Whatever else there is to say, graphql-js says it. */
export interface QuickExecution {
  /**
   * The response's data; null when graphql-js has to execute the operation, which then asks nobody a second time. Only
   * what has no error is ever answered here, so that errors, their places and the nulls they cause are graphql-js' own.
   */
  execute(request: ExecutionRequest): Promise<Readonly<Record<string, unknown>> | null>;
}

/**
 * Takes the schema's root resolvers over. Of all other resolvers it demands that they are synchronous, read nothing from
 * context or `info`, and may be asked twice; of fields without a resolver, that they are plain properties; and of values
 * of abstract types, that their `__typename` tells the type. Documents must not change.
 */
export function createQuickExecution(schema: GraphQLSchema): QuickExecution {
  const rootAnswers = createRootAnswers(schema);
  const completionOf = keepPlans((operation) => planCompletion(schema, operation));
  return {
    async execute({ document, operation, variables = {}, context }) {
      if (operation.operation !== "query") return null;
      const variableValues = readVariables(schema, operation, variables);
      if (!variableValues) return null;
      if (operation.variableDefinitions?.some((definition) => mayBeRefused(definition, variableValues))) return null;
      const ready = { document, operation, variableValues, context };
      const rootValues = await rootAnswers.ask(ready);
      if (!rootValues) return null;
      try {
        return completionOf(ready)(rootValues);
      } catch {
        // What is not simply right, graphql-js reports at its place.
        return null;
      }
    },
  };
}

/** A default value lets a nullable variable stand where null is an error. */
function mayBeRefused(
  { variable, defaultValue }: VariableDefinitionNode,
  values: Readonly<Record<string, unknown>>,
): boolean {
  return defaultValue !== undefined && values[variable.name.value] === null;
}
