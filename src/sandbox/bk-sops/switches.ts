import { noRowFaults, noTaskOverrides, type RowFaultSwitches, type TaskOverrideSwitches } from "../row-faults.ts";

/** Tasks are named as in public ids, `2/30000105`, whichever way they are asked for. */
export type SopsSwitches = RowFaultSwitches &
  TaskOverrideSwitches & {
    /** Server processes, each with its own cache and CREATED object; calls go round robin. */
    processes: number;
    /** Reading one of these tasks fails the whole call. */
    poisonIds: readonly string[];
    poisonText: string;
    poisonForm: "3599999" | "http-500";
    http500Body: "json" | "html";
    /** Gateway errors under their own status, or rewritten by a gateway plugin. */
    gatewayErrors: "status" | "as-200";
    /** Null: headers only, never reached. */
    rateLimit: { readonly calls: number; readonly windowSeconds: number } | null;
    rateLimitCode: 1642903 | 1642904;
    unsetStatusTimes: "null" | "empty";
    idType: "number" | "text";
    rowOrder: "descending" | "ascending" | "request";
    /** Offset of all times, a setting of the deployment. */
    utcOffset: string;
    /** Businesses and projects (`4`, `project-7`) that the user may not view. */
    viewDenied: readonly string[];
    /** Whether credentials in body or query do for the gateway form. */
    legacyCredentials: boolean;
    /** Every permitted task call gets this body under HTTP 200, past the cache. */
    refuseWith: unknown;
  };

export function defaultSopsSwitches(): SopsSwitches {
  return {
    ...noRowFaults(),
    ...noTaskOverrides(),
    processes: 1,
    poisonIds: [],
    poisonText: "get pipeline states error: node state does not exist",
    poisonForm: "3599999",
    http500Body: "json",
    gatewayErrors: "status",
    rateLimit: null,
    rateLimitCode: 1642903,
    unsetStatusTimes: "null",
    idType: "number",
    rowOrder: "descending",
    utcOffset: "+0800",
    viewDenied: ["4"],
    legacyCredentials: true,
    refuseWith: null,
  };
}
