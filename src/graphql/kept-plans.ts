import { type ASTNode, BREAK, type DocumentNode, Kind, type OperationDefinitionNode, visit } from "graphql";
import type { ReadyOperation } from "./root-answers.ts";

/** An operation as far as what is done with it may depend on it. */
export type PlannedOperation = Pick<ReadyOperation, "document" | "operation" | "variableValues">;

/**
 * Makes a plan once for an operation, where it is the same for all values of the variables. Clients send the same text
 * again and again, of which Apollo keeps the document; a plan is let go of together with it.
 */
export function keepPlans<Plan>(make: (operation: PlannedOperation) => Plan): (operation: PlannedOperation) => Plan {
  const plans = new WeakMap<OperationDefinitionNode, Plan>();
  const fickle = new WeakSet<OperationDefinitionNode>();
  return (planned) => {
    const { document, operation } = planned;
    const kept = plans.get(operation);
    if (kept) return kept;
    if (fickle.has(operation) || dependsOnVariables(document, operation)) {
      fickle.add(operation);
      return make(planned);
    }
    // The values that came with it would be kept, too.
    const plan = make({ document, operation, variableValues: {} });
    plans.set(operation, plan);
    return plan;
  };
}

/** Whether there is a variable in any other place than the arguments of the operation's own fields. */
function dependsOnVariables(document: DocumentNode, operation: OperationDefinitionNode): boolean {
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  const parts = operation.selectionSet.selections.flatMap((selection): (ASTNode | undefined)[] =>
    selection.kind === Kind.FIELD ? [...(selection.directives ?? []), selection.selectionSet] : [selection],
  );
  return [...fragments, ...parts].some((part) => part && hasVariable(part));
}

function hasVariable(node: ASTNode): boolean {
  let found = false;
  visit(node, {
    Variable() {
      found = true;
      return BREAK;
    },
  });
  return found;
}
