import { GraphQLError } from "graphql";

/** How many ids one operation may still ask for, over all its fields and aliases. */
export interface IdBudget {
  /**
   * Takes as many ids, whether they make sense or not.
   *
   * @throws TOO_MANY_IDS when the operation asks for more than it may: even refusing each id by itself would cost too much
   */
  take(ids: number): void;
}

export function createIdBudget(maxIds: number): IdBudget {
  let left = maxIds;
  return {
    take(ids) {
      left -= ids;
      if (left >= 0) return;
      throw new GraphQLError(`One operation may ask for ${maxIds} ids in all its fields.`, {
        extensions: { code: "TOO_MANY_IDS" },
      });
    },
  };
}
