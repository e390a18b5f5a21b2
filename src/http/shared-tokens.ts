import type { Token } from "./credential-store.ts";

/**
 * Tokens that several replicas use together. An optimisation: while it is away each fetches its own. Nothing here rejects
 * or throws.
 */
export interface SharedTokens {
  /**
   * A token that another replica has fetched and that suits. When there is none it is this replica's to fetch one and then
   * to `publish` it or to `release`, unless another one is fetching: then waits for what comes of that, but not for long.
   *
   * @returns null when this replica has to fetch
   */
  take(identity: string, suits: (token: Token) => boolean): Promise<Token | null>;
  /** Hands a fetched token to the others. */
  publish(identity: string, token: Token): void;
  /** No token could be had: others need not wait for this replica. */
  release(identity: string): void;
}
