/** Normalised statuses, in the order of the schema's enum. */
export const taskStatuses = [
  "PENDING",
  "RUNNING",
  "WAITING",
  "PAUSED",
  "STOPPING",
  "SUCCEEDED",
  "PARTIALLY_SUCCEEDED",
  "FAILED",
  "CANCELED",
  "ENDED",
  "EXPIRED",
  "UNKNOWN",
] as const;

export type TaskStatus = (typeof taskStatuses)[number];

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

export interface StatusLabels {
  readonly en: string;
  readonly "zh-CN": string;
}

export interface RawStatus {
  /** The provider's word or number, at most 64 characters, control characters removed. */
  readonly value: string;
  /** Text for a person; null for a value that the provider's table does not know. */
  readonly labels: StatusLabels | null;
  /** True when our reading is a rule of thumb and not the provider's documented meaning. */
  readonly inferred: boolean;
}

export interface TaskProgress {
  /** 0 to 100. */
  readonly percent: number | null;
  readonly total: number | null;
  readonly succeeded: number | null;
  readonly failed: number | null;
}

export interface TaskFailure {
  readonly code: string | null;
  readonly message: string | null;
  /** Whether acting at the provider may still make the task succeed. */
  readonly recoverable: boolean | null;
}

/**
 * What a provider says about one task, in our words: plain data, so that it can be kept and shared. Who the task is (id,
 * account, type) stands in its reference; whatever depends on the moment of asking is added when it is shown. Further
 * properties are the fields of the provider's own type, named as in the schema.
 */
export interface TaskState {
  readonly status: TaskStatus;
  /** True when the status can no longer change by itself. Never a function of `status`. */
  readonly isTerminal: boolean;
  readonly needsAttention: boolean;
  readonly rawStatus: RawStatus;
  readonly name: string | null;
  readonly createdAt: EpochMs | null;
  readonly startedAt: EpochMs | null;
  readonly finishedAt: EpochMs | null;
  /** The provider's own figure, whole seconds. */
  readonly elapsedSeconds: number | null;
  readonly progress: TaskProgress | null;
  readonly failure: TaskFailure | null;
  /** Absolute http or https address in the provider's console. */
  readonly webUrl: string | null;
}

/** Who a task is, read from its id alone: no upstream call is needed for any of it. */
export interface TaskReference {
  /** Canonical public id, `<account>:<upstreamId>`. */
  readonly id: string;
  /** Value of the schema's `BatchTaskProvider`. */
  readonly provider: string;
  readonly account: string;
  readonly upstreamId: string;
  /** The concrete GraphQL type. */
  readonly typename: string;
  /** What may share one upstream call inside an account; empty where the provider has no such division. */
  readonly scope: string;
  /** The id as the upstream calls write it, unique within account and scope. */
  readonly localId: string;
}
