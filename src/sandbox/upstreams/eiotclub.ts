import { isSignedWith } from "../eiotclub/parameter-signature.ts";
import {
  defaultEiotclubSwitches,
  type EiotclubSwitches,
  type RefusalReason,
  refusalCode,
} from "../eiotclub/switches.ts";
import { EIOTCLUB_TASK_IDS, type EiotclubRow, eiotclubRow } from "../eiotclub/tasks.ts";
import { hashToFraction } from "../hash-to-fraction.ts";
import { applyRowFaults, type IdentifiedRow } from "../row-faults.ts";
import type {
  SandboxEnvironment,
  SandboxRequest,
  SandboxResponse,
  SandboxUpstream,
  SandboxUpstreamModule,
} from "../upstream.ts";

const QUERY_PATH = "/api/v3/task/query";
const ACCOUNT = "sim";
const MAX_IDS_PER_CALL = 100;
const REQUIRED_KEYS = ["appkey", "timestamp", "nonce", "sign", "ids"];

/** Secret by appkey. The second pair is the published sample of the signing rules; it opens nothing and owns no task. */
const APPLICATIONS: Readonly<Record<string, string>> = {
  "sandbox-sim": "sandbox-eiotclub-secret",
  "000001": "a1b1c1d1",
};

/** The five keys after their types were checked; further keys only take part in the signature. */
interface QueryParameters {
  readonly appkey: string;
  readonly timestampSeconds: number;
  readonly nonce: string;
  readonly ids: readonly string[];
}

interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
}

export const upstream: SandboxUpstreamModule = { name: "eiotclub", create: createEiotclub };

function createEiotclub({ now, baseUrl }: SandboxEnvironment): SandboxUpstream<EiotclubSwitches> {
  const startedAt = now();
  const switches = defaultEiotclubSwitches();
  const nonces = createNonceMemory();
  const callInstants = new Map<string, number[]>();

  const rowOf = (id: string): EiotclubRow | null => eiotclubRow(id, startedAt, now(), switches);

  const refusalOf = (parsed: Record<string, unknown>): Refusal | null => {
    const parameters = readParameters(parsed);
    if ("reason" in parameters) return parameters;
    const { appkey, timestampSeconds, nonce, ids } = parameters;
    const secret = Object.hasOwn(APPLICATIONS, appkey) ? APPLICATIONS[appkey] : undefined;
    if (secret === undefined) return { reason: "unknownAppkey", message: "appkey does not exist" };
    if (!isSignedWith(parsed, secret)) return { reason: "badSign", message: "sign error" };
    if (Math.abs(now() / 1000 - timestampSeconds) > switches.timeWindowSeconds) {
      return { reason: "staleTime", message: "timestamp expired" };
    }
    const isNewNonce = nonces.remember(`${appkey}/${timestampSeconds}/${nonce}`, now(), switches.timeWindowSeconds);
    if (switches.refuseReusedNonce && !isNewNonce) return { reason: "reusedNonce", message: "nonce already used" };
    return refusalByServer(appkey) ?? refusalOfIds(ids);
  };

  const refusalByServer = (appkey: string): Refusal | null => {
    if (!switches.addressListed) return { reason: "addressNotListed", message: "address is not registered" };
    if (isOverRate(callInstants, appkey, now(), switches.rateLimitPerSecond)) {
      return { reason: "overRate", message: "too many requests" };
    }
    return switches.refuseAll === null ? null : { reason: switches.refuseAll, message: "refused by the sandbox" };
  };

  const refusalOfIds = (ids: readonly string[]): Refusal | null => {
    if (ids.length === 0) return { reason: "emptyIds", message: "ids is empty" };
    if (ids.length > MAX_IDS_PER_CALL) return { reason: "tooManyIds", message: `at most ${MAX_IDS_PER_CALL} ids` };
    if (ids.some((id) => switches.poisonIds.includes(id))) return { reason: "poisoned", message: "operation failed" };
    if (switches.unknownIds === "call-refused" && ids.some((id) => rowOf(id) === null)) {
      return { reason: "unknownId", message: "task does not exist" };
    }
    return null;
  };

  const dataFor = (asked: readonly string[]): readonly EiotclubRow[] => {
    const ids = switches.repeatedIds === "one-row" ? [...new Set(asked)] : asked;
    const rows: IdentifiedRow<EiotclubRow>[] = [];
    for (const id of inRowOrder(ids, switches)) {
      const row = rowOf(id);
      if (row !== null) rows.push({ id, row });
    }
    const others = (count: number): readonly EiotclubRow[] =>
      EIOTCLUB_TASK_IDS.filter((id) => !asked.includes(id))
        .slice(0, count)
        .map(rowOf)
        .filter((row) => row !== null);
    return applyRowFaults(rows, switches, (row) => ({ ...row, status: row.status === "2" ? "-2" : "2" }), others);
  };

  return {
    respond(request) {
      if (request.path !== QUERY_PATH) return { status: 404, body: { code: "404", message: "no such path" } };
      if (request.method !== "POST") return { status: 405, body: { code: "405", message: "POST only" } };
      const parsed = parseObject(request);
      const taskIds = idsIn(parsed);
      if (parsed === null)
        return { ...refuse({ reason: "badRequest", message: "not a JSON object" }, switches), taskIds };
      const refusal = refusalOf(parsed);
      if (refusal !== null) return { ...refuse(refusal, switches), taskIds };
      if (switches.refuseWith !== null) return { status: 200, body: switches.refuseWith, taskIds };
      return { status: 200, body: { code: switches.successCode, data: dataFor(taskIds) }, taskIds };
    },
    accounts: () => ({
      [ACCOUNT]: {
        provider: "eiotclub",
        baseUrl: baseUrl("eiotclub"),
        appKey: "sandbox-sim",
        secret: APPLICATIONS["sandbox-sim"],
      },
    }),
    tasks: () =>
      EIOTCLUB_TASK_IDS.map((upstreamId) => {
        const row = rowOf(upstreamId);
        return { account: ACCOUNT, upstreamId, rawStatus: String(row?.status), row };
      }),
    exampleIds: ["884213", "884001", "884002"].map((id) => `${ACCOUNT}:${id}`),
    switches,
    reset() {
      Object.assign(switches, defaultEiotclubSwitches());
      nonces.clear();
      callInstants.clear();
    },
  };
}

function parseObject(request: SandboxRequest): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(request.body.toString("utf8"));
    const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function idsIn(parsed: Record<string, unknown> | null): readonly string[] {
  const ids = parsed?.ids;
  return typeof ids === "string" && ids !== "" ? ids.split(",") : [];
}

function readParameters(parsed: Record<string, unknown>): QueryParameters | Refusal {
  const missing = REQUIRED_KEYS.find((key) => parsed[key] === undefined || parsed[key] === null);
  if (missing !== undefined) return { reason: "missingKey", message: `${missing} is missing` };

  const { appkey, timestamp, nonce, sign, ids } = parsed;
  const isTimestamp = Number.isInteger(timestamp) || (typeof timestamp === "string" && /^[0-9]{10}$/.test(timestamp));
  const isNonce = Number.isInteger(nonce) || (typeof nonce === "string" && nonce !== "");
  if (typeof appkey !== "string" || typeof sign !== "string" || typeof ids !== "string" || !isTimestamp || !isNonce) {
    return { reason: "badRequest", message: "a parameter has the wrong type" };
  }
  return { appkey, timestampSeconds: Number(timestamp), nonce: String(nonce), ids: idsIn(parsed) };
}

function refuse({ reason, message }: Refusal, switches: EiotclubSwitches): SandboxResponse {
  const code = refusalCode(reason, switches);
  const asStatus = /^[45][0-9]{2}$/.test(code) ? Number(code) : 400;
  return { status: switches.refusalForm === "http-status" ? asStatus : 200, body: { code, message } };
}

function inRowOrder(ids: readonly string[], switches: EiotclubSwitches): readonly string[] {
  switch (switches.rowOrder) {
    case "request":
      return ids;
    case "reverse":
      return ids.toReversed();
    case "shuffled": {
      const place = (id: string): number => hashToFraction(`${switches.shuffleSeed}/${id}`);
      return ids.toSorted((left, right) => place(left) - place(right));
    }
  }
}

interface NonceMemory {
  /** False when the nonce is remembered already. */
  remember(nonce: string, now: number, windowSeconds: number): boolean;
  clear(): void;
}

/** A time stamp may lie a window ahead of the clock and stays good for a window after it: two windows are enough. */
function createNonceMemory(): NonceMemory {
  const seenAt = new Map<string, number>();
  return {
    remember(nonce, now, windowSeconds) {
      for (const [old, at] of seenAt) {
        if (now - at <= 2 * windowSeconds * 1000) break;
        seenAt.delete(old);
      }
      if (seenAt.has(nonce)) return false;
      seenAt.set(nonce, now);
      return true;
    },
    clear: () => seenAt.clear(),
  };
}

/** Counts the call when it is within the limit; refused calls do not prolong the refusal. */
function isOverRate(instants: Map<string, number[]>, appkey: string, now: number, perSecond: number | null): boolean {
  if (perSecond === null) return false;
  const recent = (instants.get(appkey) ?? []).filter((at) => now - at < 1000);
  const over = recent.length >= perSecond;
  if (!over) recent.push(now);
  instants.set(appkey, recent);
  return over;
}
