import type { z } from "zod";
import type { CredentialStore } from "../http/credential-store.ts";
import type { CallLimits, Send } from "../http/send.ts";
import type { Problem } from "../tasks/problem.ts";
import type { EpochMs, TaskState } from "../tasks/task.ts";
import type { UpstreamIdGrammar } from "../tasks/task-id.ts";
import type { AccountOptions } from "./shared/account-options.ts";

/** Everything the rest of the service knows of one upstream. */
export interface Provider<Account extends AccountOptions = AccountOptions> extends UpstreamIdGrammar {
  /** As written in the configuration, and the name of its folder: `bk-sops`. */
  readonly id: string;
  /** Value of the schema's `BatchTaskProvider`: `BK_SOPS`. */
  readonly provider: string;
  /** The provider's GraphQL type: `SopsTask`. */
  readonly typename: string;
  readonly limits: ProviderLimits;
  /** The calls that read tasks, each of which tells the status. The first is the plain one, for who wants no more. */
  readonly reads: readonly [ProviderRead, ...ProviderRead[]];
  /** A well-formed upstream id that no task is likely to have: asking for it shows whether credentials are accepted. */
  readonly probeId: string;
  /** Which fields of the GraphQL type cost more than the status call, by the facet that brings them. */
  readonly facets: Readonly<Record<Facet, readonly string[]>>;
  /** Lists of the task state that the schema serves page by page, by field name. */
  readonly pagedLists: Readonly<Record<string, PagedList>>;
  /** Strict: an unknown or ill-typed key is a problem of the configuration. */
  readonly accountSchema: z.ZodType<Account>;
  /** Touches nothing until it is asked. */
  createClient(account: Account, tools: ClientTools): ProviderClient;
}

export interface ProviderLimits {
  /** Total time of one attempt, headers and body. */
  readonly attemptTimeoutMs: number;
  /** Calls to one account that may be under way together as long as nothing is known of its upstream. */
  readonly startConcurrency: number;
  /** Asking more often than this cannot bring news. */
  readonly pollFloorSeconds: number;
  readonly pollCapSeconds: number;
}

export interface ProviderRead {
  /** Tells the client which call to make: `batch-detail`. */
  readonly name: string;
  readonly maxIdsPerCall: number;
  /** The facets that it can bring. */
  readonly brings: readonly Facet[];
}

/** A named part of a task that is fetched, or kept, only when a query selects it: `children`. */
export type Facet = string;

export interface PagedList {
  /** Decides by the field's arguments, paging arguments left out, whether an entry is shown. */
  keeps(entry: never, args: Readonly<Record<string, unknown>>): boolean;
}

/** What a client is handed; it touches nothing else of the process. */
export interface ClientTools {
  readonly send: Send;
  /** The same for token endpoints, whose trouble is none of the account's task calls and the other way round. */
  readonly sendForCredentials: Send;
  /** Epoch milliseconds. */
  now(): number;
  /** 0 (included) to 1 (excluded). */
  random(): number;
  /** Shared by all accounts, so that accounts of one identity share its tokens. */
  readonly credentials: CredentialStore;
}

export interface ProviderClient {
  /** Asks for tasks in one upstream call (and its further pages). Rejects never: every failure is a value. */
  fetchTasks(call: TaskCall): Promise<CallAnswer>;
}

export type { CallLimits } from "../http/send.ts";

export interface TaskCall {
  readonly limits: CallLimits;
  /** Name of the read to make. */
  readonly read: string;
  /** Distinct, of one scope, at most the limit, in a stable order. */
  readonly localIds: readonly string[];
  readonly scope: string;
  /** Its only id made whole calls fail a moment ago: how the call fares says nothing about the account. */
  readonly isSuspect?: boolean;
  /** Those of the read's facets that somebody wants. */
  readonly facets: ReadonlySet<Facet>;
}

/** What a call came to. */
export type CallAnswer = AnsweredCall | FailedCall;

export interface AnsweredCall {
  readonly kind: "answered";
  /** One entry for every id that was asked, by local id. */
  readonly answers: ReadonlyMap<string, IdAnswer>;
  readonly observedAt: EpochMs;
  /** Rows that nobody asked for, which were dropped. */
  readonly foreignRows: number;
}

export type IdAnswer = { readonly state: TaskState } | { readonly problem: Problem };

/** The call failed as a whole: the problem of every id it carried. */
export interface FailedCall {
  readonly kind: "failed";
  readonly problem: Problem;
  /** True when a single id can be the cause, so that asking in halves can save the others. */
  readonly divisible: boolean;
  /** True when the cause may just as well be no id at all: then both halves failing alike is answer enough. */
  readonly mayBeEverybodys?: boolean;
}
