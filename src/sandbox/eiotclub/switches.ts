import { noRowFaults, noTaskOverrides, type RowFaultSwitches, type TaskOverrideSwitches } from "../row-faults.ts";

/** Why a call is refused, and the body code for it. */
export type RefusalReason = keyof typeof DEFAULT_REFUSAL_CODES;

/** None of these is a vendor fact except "500"; they follow the HTTP-like numbering of the two known codes. */
const DEFAULT_REFUSAL_CODES = {
  badRequest: "400",
  missingKey: "400",
  emptyIds: "400",
  tooManyIds: "400",
  unknownId: "400",
  unknownAppkey: "401",
  badSign: "401",
  staleTime: "401",
  reusedNonce: "401",
  addressNotListed: "403",
  overRate: "429",
  injected: "500",
  poisoned: "1001",
};

export type EiotclubSwitches = RowFaultSwitches &
  TaskOverrideSwitches & {
    /** A refusal is HTTP 200 with the code in the body, or has the code as HTTP status too. */
    refusalForm: "body" | "http-status";
    /** Codes by reason; reasons left out keep their default. */
    refusalCodes: Partial<Record<RefusalReason, string>>;
    /** `"200"`, or the number 10000 of one traffic capture. */
    successCode: string | number;
    timeWindowSeconds: number;
    /** Whether the same appkey, timestamp and nonce are refused within the time window. */
    refuseReusedNonce: boolean;
    rowOrder: "reverse" | "request" | "shuffled";
    shuffleSeed: number;
    unknownIds: "left-out" | "empty-status" | "call-refused";
    repeatedIds: "one-row" | "row-each";
    /** Of id and status. */
    types: "text" | "numbers";
    /** Per appkey; 10 is the only number reported. */
    rateLimitPerSecond: number | null;
    /** Whether the caller's address is registered with the vendor. */
    addressListed: boolean;
    /** Every well-signed call is refused with this reason. */
    refuseAll: RefusalReason | null;
    /** Every well-signed call gets this body under HTTP 200. */
    refuseWith: unknown;
    /** A call with one of these ids is refused as a whole. */
    poisonIds: readonly string[];
  };

export function defaultEiotclubSwitches(): EiotclubSwitches {
  return {
    ...noRowFaults(),
    ...noTaskOverrides(),
    refusalForm: "body",
    refusalCodes: {},
    successCode: "200",
    timeWindowSeconds: 300,
    refuseReusedNonce: true,
    rowOrder: "reverse",
    shuffleSeed: 1,
    unknownIds: "left-out",
    repeatedIds: "one-row",
    types: "text",
    rateLimitPerSecond: null,
    addressListed: true,
    refuseAll: null,
    refuseWith: null,
    poisonIds: [],
  };
}

export function refusalCode(reason: RefusalReason, switches: EiotclubSwitches): string {
  return switches.refusalCodes[reason] ?? DEFAULT_REFUSAL_CODES[reason];
}
