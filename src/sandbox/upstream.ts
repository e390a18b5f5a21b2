/**
 * The contract between the sandbox and one emulated upstream: what a file in `upstreams/` exports, and what it is given.
 *
 * The sandbox room shares no code with the provider clients. It is a second reading of the same documents, so that a
 * misreading shows up as a disagreement instead of cancelling itself out.
 */

/** One complete inbound request, body included. Header names are lower case. */
export interface SandboxRequest {
  readonly method: string;
  /** Path as received, percent-encoding kept, without the query. */
  readonly path: string;
  /** Query as received, without the question mark; empty when there is none. */
  readonly rawQuery: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface SandboxResponse {
  readonly status: number;
  /** Content-Type is `application/json` unless given; Date and Content-Length are added by the sandbox. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is; anything else as JSON; undefined is an empty body. */
  readonly body?: unknown;
  /** The task ids that the call asked for, as written in it. Absent for calls that ask for no task (tokens, projects). */
  readonly taskIds?: readonly string[];
}

/** What an emulated upstream is given. Nothing else of the process reaches it. */
export interface SandboxEnvironment {
  /** Epoch milliseconds. */
  now(): number;
  /** 0 (included) to 1 (excluded). */
  random(): number;
  /** Parsed JSON of a file in `samples/`, by its name without ending. Served unchanged. */
  sample(name: string): unknown;
  /** Base URL of an emulated upstream, no trailing slash. Only call it from `accounts` and `respond`. */
  baseUrl(upstream: string): string;
}

/** Settings of the emulated upstream that a test or an operator may change while it runs; the defaults are the contract's. */
export type SandboxSwitches = Record<string, unknown>;

/** A task as the emulated upstream holds it at this moment. */
export interface HeldTask {
  /** The configured account (a key of `accounts`) through which it is readable. */
  readonly account: string;
  /** The id as this service's public task ids write it, after the account: `884213`, `2/30000105`. */
  readonly upstreamId: string;
  /** The upstream's own status word or number, as text. */
  readonly rawStatus: string;
  /** The row or answer that the upstream would give for it now, as it would be on the wire. */
  readonly row: unknown;
}

export interface SandboxUpstream<Switches extends SandboxSwitches = SandboxSwitches> {
  /** Answers one request. Never throws on bad input: an upstream refuses it in its own way. */
  respond(request: SandboxRequest): SandboxResponse;
  /** Entries for the `accounts` section of the service's configuration file, secrets in clear text, keyed by account name. */
  accounts(): Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** All tasks at this moment, in a stable order. Empty for an upstream that holds none (IAM). */
  tasks(): readonly HeldTask[];
  /** Public ids worth trying first, most telling first. */
  readonly exampleIds: readonly string[];
  /** Current switches; assign through the sandbox's control, which refuses unknown names. */
  readonly switches: Switches;
  /** Back to the defaults: switches, tokens, counters, caches, locks. Tasks keep their clock. */
  reset(): void;
  /** Upstream-specific one-time actions for the control endpoint, by name: `revokeTokens`, for example. */
  readonly actions?: Readonly<Record<string, () => void>>;
}

/** What each file of `upstreams/` exports as `upstream`. */
export interface SandboxUpstreamModule {
  /** Its name in the control endpoint: `eiotclub`. Equal to the file's name. */
  readonly name: string;
  create(environment: SandboxEnvironment): SandboxUpstream;
}
