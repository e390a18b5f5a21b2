import { createProblem, type Problem } from "./problem.ts";
import type { TaskReference } from "./task.ts";

/** The id grammar of one provider. */
export interface UpstreamIdGrammar {
  readonly provider: string;
  readonly typename: string;
  /** Reads the part after the account; null when it cannot be one of this provider's ids. */
  parseUpstreamId(text: string): ParsedUpstreamId | null;
}

export interface ParsedUpstreamId {
  /** Canonical: letter case folded where the provider does not tell it apart. */
  readonly upstreamId: string;
  readonly scope: string;
  readonly localId: string;
}

/** Finds the account of an id by its name or a former name. */
export type AccountDirectory = ReadonlyMap<string, { readonly name: string; readonly grammar: UpstreamIdGrammar }>;

const maxIdBytes = 256;
const accountPattern = /^[a-z][a-z0-9-]{0,62}$/;

/**
 * Reads `<account>:<upstreamId>`. The first colon separates; nothing is trimmed, unescaped or guessed.
 *
 * @returns the reference, or the problem (`INVALID_ID`, `UNKNOWN_ACCOUNT`) that answers the id without any call
 */
export function parseTaskId(text: string, accounts: AccountDirectory): TaskReference | Problem {
  const separator = text.indexOf(":");
  if (separator < 0) return invalid("has no account: a task id is <account>:<upstream id>");
  if (isTooLong(text)) return invalid(`is longer than ${maxIdBytes} bytes`);
  const accountName = text.slice(0, separator);
  const account = accounts.get(accountName);
  if (!account && !accountPattern.test(accountName)) return invalid("does not begin with an account name");
  if (!account) return createProblem("UNKNOWN_ACCOUNT", `No account is configured as "${accountName}".`);
  const givenId = text.slice(separator + 1);
  const parsed = account.grammar.parseUpstreamId(givenId);
  if (!parsed) return invalid(`is not in the form that account "${account.name}" uses`);
  const { provider, typename } = account.grammar;
  const { upstreamId, scope, localId } = parsed;
  // A text that is put together has to be copied and hashed before anything is found by it; most ids are canonical as given.
  const isCanonical = accountName === account.name && givenId === upstreamId;
  const id = isCanonical ? text : `${account.name}:${upstreamId}`;
  return { id, provider, typename, account: account.name, upstreamId, scope, localId };
}

/** No character takes more than three bytes for each of its places, so most texts need not be measured. */
const isTooLong = (text: string): boolean => text.length > maxIdBytes / 3 && Buffer.byteLength(text) > maxIdBytes;

export function isTaskReference(value: TaskReference | Problem): value is TaskReference {
  return "localId" in value;
}

function invalid(reason: string): Problem {
  return createProblem("INVALID_ID", `The task id ${reason}.`);
}
