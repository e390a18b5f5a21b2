import type { ForcedAnswer, Throttle } from "./huawei-gateway.ts";
import { noRowFaults, noTaskOverrides, type RowFaultSwitches, type TaskOverrideSwitches } from "./row-faults.ts";

/** `DRS.M…`: HTTP 400 whose body still holds `results`. `error-row`: 200, a row with error_code and no status. */
export type UnknownIdForm = "left-out" | "DRS.M00289" | "DRS.M05004" | "error-row" | "deleted";

export type HuaweiDrsSwitches = RowFaultSwitches &
  TaskOverrideSwitches & {
    unknownInStatus: UnknownIdForm;
    unknownInDetail: UnknownIdForm;
    unknownInProgress: "left-out" | "error-row";
    /**
     * Known and unknown ids in one call. `400-with-results` holds the rows of all, `400-with-unknown-rows` only the
     * error rows, `400-without` only a code at top level.
     */
    mixedIds: "known-rows" | "400-with-results" | "400-with-unknown-rows" | "400-without";
    rowOrder: "request" | "reversed" | "shuffled";
    /** Another seed, another order; the same seed orders the same ids alike. */
    shuffleSeed: number;
    count: "rows" | "request-total";
    pausedSpelling: "PAUSING" | "PAUSEING";
    progressStatus: 200 | 202;
    curPageZero: "400 DRS.M00210" | "all-rows";
    /** `always-five` ignores per_page. */
    pageCap: "as-documented" | "always-five";
    /** More ids than this are refused: 1 with DRS.M00299, else DRS.M00202. Null: no limit, as none is documented. */
    idLimit: number | null;
    /** The vendor advises at most 10 ids for batch-detail; more are refused with DRS.M00202. Null: no limit. */
    detailIdLimit: number | null;
    /** A call that carries one of these ids, in lower case, fails as a whole with `poisonCode`. */
    poisonIds: readonly string[];
    poisonCode: `${number} DRS.${string}`;
    looseTypes: boolean;
    missingToken: "401 APIGW.0301" | "403 DRS.M00100";
    /** Who refuses an unknown or expired token. */
    tokenTrouble: "gateway" | "403 DRS.M00100";
    throttle: Throttle | null;
    throttleAnswer: "429 APIGW.0308" | "400 DRS.M01503" | "202 DRS.M01504";
    refuseWith: ForcedAnswer | null;
  };

export function defaultDrsSwitches(): HuaweiDrsSwitches {
  return {
    ...noRowFaults(),
    ...noTaskOverrides(),
    unknownInStatus: "left-out",
    unknownInDetail: "DRS.M00289",
    unknownInProgress: "left-out",
    mixedIds: "known-rows",
    rowOrder: "request",
    shuffleSeed: 1,
    count: "rows",
    pausedSpelling: "PAUSING",
    progressStatus: 200,
    curPageZero: "400 DRS.M00210",
    pageCap: "as-documented",
    idLimit: null,
    detailIdLimit: 10,
    poisonIds: [],
    poisonCode: "400 DRS.M00202",
    looseTypes: false,
    missingToken: "401 APIGW.0301",
    tokenTrouble: "gateway",
    throttle: null,
    throttleAnswer: "429 APIGW.0308",
    refuseWith: null,
  };
}
