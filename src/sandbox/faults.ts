/** What goes wrong with one call, at the socket, so that every HTTP client sees the real thing. */
export type FaultKind =
  /** The answer comes later; goes together with any other fault. */
  | { readonly kind: "latency"; readonly ms: number }
  /** This status instead of the answer; a text body is sent as it is, anything else as JSON, none as an empty body. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly contentType?: string;
    }
  /** HTTP 429 without a vendor body, with `Retry-After` if a time is given. */
  | { readonly kind: "throttle"; readonly retryAfterSeconds?: number }
  /** An HTML page, as proxies send it. */
  | { readonly kind: "html"; readonly status: number }
  /** The answer's status with no body at all. */
  | { readonly kind: "empty" }
  /** The headers of the whole answer, half of its body, then the end of the connection. */
  | { readonly kind: "cut-body" }
  /** The connection is reset before any byte of the answer. */
  | { readonly kind: "reset" }
  /** Accepted, read, never answered. */
  | { readonly kind: "silence" }
  /** Headers at once, then the body byte by byte. */
  | { readonly kind: "drip"; readonly msPerByte: number }
  /** A 200 with a JSON body of this size, without a Content-Length. */
  | { readonly kind: "huge"; readonly bytes: number };

/** Which calls a fault meets. All limits given must hold. */
export interface FaultLimits {
  /** How many calls it meets before it is used up; default: all. */
  readonly times?: number;
  /** How many calls it lets pass first; default 0. Calls that an earlier fault took are not counted. */
  readonly skip?: number;
  /** Only calls that ask for tasks, so that token endpoints stay well; default true, false when `whenPath` is given. */
  readonly onlyTaskCalls?: boolean;
  /** Only calls that carry this task id. */
  readonly whenTaskId?: string;
  /** Only calls whose path contains this text: `/open-apis/auth/` fails the token endpoint alone. */
  readonly whenPath?: string;
}

export type Fault = FaultKind & FaultLimits;

/** A fault that takes the place of the answer. */
export type AnswerFault = Exclude<FaultKind, { kind: "latency" }>;

/** What the faults mean for one call. */
export interface CallFaults {
  readonly delayMs: number;
  readonly answerFault: AnswerFault | null;
  /** For the record: `latency+reset`; null when the call is left alone. */
  readonly label: string | null;
}

export interface FaultPlan {
  /** Replaces all faults; their counts begin anew. */
  replace(faults: readonly Fault[]): void;
  current(): readonly Fault[];
  /** Counts the call. Latencies add up; of the others the first that is not used up wins. */
  next(call: FaultedCall): CallFaults;
}

export interface FaultedCall {
  readonly path: string;
  readonly taskIds: readonly string[] | undefined;
}

interface ArmedFault {
  readonly fault: Fault;
  seen: number;
}

export function createFaultPlan(): FaultPlan {
  let armed: ArmedFault[] = [];

  return {
    replace(faults) {
      armed = faults.map((fault) => ({ fault, seen: 0 }));
    },
    current: () => armed.map(({ fault }) => fault),
    next: (call) => collect(armed, call),
  };
}

function collect(armed: readonly ArmedFault[], call: FaultedCall): CallFaults {
  let delayMs = 0;
  let answerFault: AnswerFault | null = null;
  const labels: string[] = [];

  for (const candidate of armed) {
    const { fault } = candidate;
    if (fault.kind !== "latency" && answerFault !== null) continue;
    if (!meets(candidate, call)) continue;
    labels.push(fault.kind);
    if (fault.kind === "latency") delayMs += fault.ms;
    else answerFault = fault;
  }
  return { delayMs, answerFault, label: labels.length === 0 ? null : labels.join("+") };
}

function meets(candidate: ArmedFault, call: FaultedCall): boolean {
  const { fault } = candidate;
  const onlyTaskCalls = fault.onlyTaskCalls ?? fault.whenPath === undefined;
  if (onlyTaskCalls && call.taskIds === undefined) return false;
  if (fault.whenTaskId !== undefined && !call.taskIds?.includes(fault.whenTaskId)) return false;
  if (fault.whenPath !== undefined && !call.path.includes(fault.whenPath)) return false;

  const position = candidate.seen;
  candidate.seen += 1;
  const skipped = fault.skip ?? 0;
  return position >= skipped && position < skipped + (fault.times ?? Number.POSITIVE_INFINITY);
}
