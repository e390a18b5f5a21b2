import type { Fault } from "./faults.ts";
import { SandboxUsageError } from "./usage-error.ts";

type FieldType = "count" | "text" | "flag" | "headers" | "anything";

type FieldRules = Readonly<Record<string, { readonly type: FieldType; readonly required?: true }>>;

const LIMITS: FieldRules = {
  times: { type: "count" },
  skip: { type: "count" },
  onlyTaskCalls: { type: "flag" },
  whenTaskId: { type: "text" },
  whenPath: { type: "text" },
};

const KINDS: Readonly<Record<Fault["kind"], FieldRules>> = {
  latency: { ms: { type: "count", required: true } },
  status: {
    status: { type: "count", required: true },
    body: { type: "anything" },
    headers: { type: "headers" },
    contentType: { type: "text" },
  },
  throttle: { retryAfterSeconds: { type: "count" } },
  html: { status: { type: "count", required: true } },
  empty: {},
  "cut-body": {},
  reset: {},
  silence: {},
  drip: { msPerByte: { type: "count", required: true } },
  huge: { bytes: { type: "count", required: true } },
};

const FIELD_CHECKS: Readonly<Record<FieldType, (value: unknown) => boolean>> = {
  count: (value) => typeof value === "number" && Number.isFinite(value) && value >= 0,
  text: (value) => typeof value === "string",
  flag: (value) => typeof value === "boolean",
  headers: (value) => isRecord(value) && Object.values(value).every((header) => typeof header === "string"),
  anything: () => true,
};

/** Reads one fault, a list of faults, or null for none. Throws `SandboxUsageError` naming what is wrong and what would do. */
export function parseFaults(input: unknown): readonly Fault[] {
  if (input === null || input === undefined) return [];
  const list: readonly unknown[] = Array.isArray(input) ? input : [input];
  return list.map((fault) => {
    assertFault(fault);
    return fault;
  });
}

function assertFault(input: unknown): asserts input is Fault {
  if (!isRecord(input))
    throw new SandboxUsageError("a fault is an object with a kind, a list of such objects, or null");
  const { kind } = input;
  if (typeof kind !== "string" || !isKind(kind)) {
    throw new SandboxUsageError(`unknown fault kind ${JSON.stringify(kind)}; known: ${Object.keys(KINDS).join(", ")}`);
  }
  checkFields(kind, input, { ...KINDS[kind], ...LIMITS });
  checkStatus(kind, input.status);
}

function checkFields(kind: string, input: Record<string, unknown>, rules: FieldRules): void {
  for (const [name, value] of Object.entries(input)) {
    if (name === "kind" || value === undefined) continue;
    const rule = rules[name];
    if (rule === undefined) {
      throw new SandboxUsageError(`fault ${kind} has no field ${name}; known: ${Object.keys(rules).join(", ")}`);
    }
    if (!FIELD_CHECKS[rule.type](value)) throw new SandboxUsageError(`fault ${kind}: ${name} must be a ${rule.type}`);
  }
  for (const [name, rule] of Object.entries(rules)) {
    if (rule.required && input[name] === undefined) throw new SandboxUsageError(`fault ${kind} needs ${name}`);
  }
}

/** Anything else would fail inside `writeHead`, long after the mistake was made. */
function checkStatus(kind: string, status: unknown): void {
  if (status === undefined) return;
  if (typeof status === "number" && Number.isInteger(status) && status >= 200 && status <= 599) return;
  throw new SandboxUsageError(`fault ${kind}: status must be a whole number from 200 to 599`);
}

function isKind(kind: string): kind is Fault["kind"] {
  return Object.hasOwn(KINDS, kind);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
