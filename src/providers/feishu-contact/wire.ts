import type { ReceivedResponse } from "../../http/exchange.ts";
import { parseJson } from "../../http/parse-json.ts";
import { readFilledText, readNumber, readObject, readText, type WireObject } from "../shared/wire-values.ts";

/** An answer as received, as far as its shape can be relied on. */
export interface FeishuAnswer {
  /** Trimmed; null when there is none. "0" is success. */
  readonly code: string | null;
  readonly data: WireObject | null;
  readonly requestId: string | null;
}

/** A token as the token endpoint hands it out: at the top level, not under `data`. */
export interface TenantTokenAnswer {
  readonly code: string | null;
  readonly tenantAccessToken: string | null;
  /** What is left of its life; less than the full 7200 when the same token is handed out again. */
  readonly expiresInSeconds: number;
  readonly requestId: string | null;
}

/** Null when the body is not a JSON object. */
export function parseFeishuAnswer(response: ReceivedResponse): FeishuAnswer | null {
  const body = readObject(parseJson(response.text));
  return body && { code: codeOf(body), data: readObject(body.data), requestId: requestIdOf(response, body) };
}

/** Null when the body is not a JSON object. */
export function parseTenantTokenAnswer(response: ReceivedResponse): TenantTokenAnswer | null {
  const body = readObject(parseJson(response.text));
  if (!body) return null;
  return {
    code: codeOf(body),
    tenantAccessToken: readFilledText(body.tenant_access_token),
    expiresInSeconds: Math.max(0, readNumber(body.expire) ?? 0),
    requestId: requestIdOf(response, body),
  };
}

/** The number of the status, or whatever stands in its place; null when it is neither a number nor a text. */
export const statusOf = (data: WireObject): string | null => readFilledText(data.status);

/** An answer may leave the id out; one with another id, or with something that is no id, is about another task. */
export function isAboutTask(data: WireObject, taskId: string): boolean {
  const answered = data.task_id ?? "";
  return answered === "" || readText(answered)?.trim() === taskId;
}

const codeOf = (body: WireObject): string | null => readFilledText(body.code)?.trim() ?? null;

export function requestIdOf({ headers }: ReceivedResponse, body: WireObject | null): string | null {
  return headers["x-tt-logid"] ?? headers["x-request-id"] ?? readFilledText(readObject(body?.error)?.log_id);
}
