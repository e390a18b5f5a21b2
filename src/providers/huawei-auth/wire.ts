import type { ReceivedResponse } from "../../http/exchange.ts";
import { parseJson } from "../../http/parse-json.ts";
import { readFilledText, readObject, type WireObject } from "../shared/wire-values.ts";

/** What Huawei Cloud's gateway and every service behind it answer in the same form. */
export interface HuaweiAnswer {
  /** Null when the text is not a JSON object. */
  readonly body: WireObject | null;
  /** As the upstream wrote it, trimmed: `APIGW.0301`, `DLI.0023`. Also found under a 2xx. */
  readonly errorCode: string | null;
  readonly requestId: string | null;
}

export function parseHuaweiAnswer({ text, headers }: ReceivedResponse): HuaweiAnswer {
  const body = readObject(parseJson(text));
  return {
    body,
    errorCode: readFilledText(body?.error_code)?.trim() ?? null,
    requestId: readFilledText(body?.request_id) ?? readFilledText(headers["x-request-id"]),
  };
}

/**
 * The digits of a gateway code: "0301". Gateways of other products write `APIG.` instead of `APIGW.`.
 *
 * @returns null when it is not the gateway that speaks
 */
export function gatewayCodeOf(errorCode: string | null): string | null {
  return /^APIGW?\.(\d+)$/.exec(errorCode ?? "")?.[1] ?? null;
}
