import type { Exchange, OutboundRequest, ReceivedResponse } from "../../http/exchange.ts";
import type { Judgement } from "../../http/send.ts";
import type { CallAnswer, ClientTools, IdAnswer, ProviderClient, TaskCall } from "../provider.ts";
import { matchRows } from "../shared/match-rows.ts";
import { contextOf, malformedAnswer, refuse, refuseExchange, refuseId } from "../shared/refusal.ts";
import { readObject, type WireObject } from "../shared/wire-values.ts";
import { createSopsCredentials } from "./auth.ts";
import { rateLimitWaitMs, refusalByAnswer } from "./errors.ts";
import type { BkSopsAccount } from "./index.ts";
import { normalizeSopsTask, readSopsPlace, type SopsReading } from "./normalize.ts";
import { createSopsMeanings } from "./status.ts";
import { parseSopsAnswer, requestIdOfHeaders, rowId, type SopsAnswer, stateOf } from "./wire.ts";

const upstream = "BlueKing bk-sops";

export function createBkSopsClient(account: BkSopsAccount, tools: ClientTools): ProviderClient {
  const credentials = createSopsCredentials(account);
  const meanings = createSopsMeanings(account.statusOverrides);

  function tasksStatus(localIds: readonly string[], { place, withChildren }: SopsReading): OutboundRequest {
    const query = {
      task_id_list: sortedAscending(localIds).map(numberOnTheWire),
      scope: place.scope === "PROJECT" ? "project" : "cmdb_biz",
      include_children_status: withChildren,
    };
    const headers = { "content-type": "application/json", ...credentials.headers };
    if (account.style === "gateway") {
      const url = `${account.baseUrl}/get_tasks_status/${place.businessId}/`;
      return { method: "POST", url, headers, body: JSON.stringify(query) };
    }
    const url = `${account.baseUrl}/api/c/compapi/v2/sops/get_tasks_status/`;
    const body = { ...credentials.bodyFields, bk_biz_id: numberOnTheWire(place.businessId), ...query };
    return { method: "POST", url, headers, body: JSON.stringify(body) };
  }

  function judge(exchange: Exchange, call: TaskCall, reading: SopsReading): Judgement<CallAnswer> {
    if (exchange.kind === "failure") return refuseExchange(exchange, upstream, tools.now());
    const answer = parseSopsAnswer(exchange);
    const isSuccess = exchange.status >= 200 && exchange.status < 300 && answer?.result === true;
    if (!isSuccess || !answer.rows) return refuseAnswer(exchange, answer, call);
    return { value: answered(answer.rows, answer.requestId, call.localIds, reading, exchange.receivedAt) };
  }

  function refuseAnswer(
    response: ReceivedResponse,
    answer: SopsAnswer | null,
    { localIds, isSuspect }: Pick<TaskCall, "localIds" | "isSuspect">,
  ): Judgement<CallAnswer> {
    const now = tools.now();
    const refusal = refusalByAnswer(answer, response.status);
    const context = contextOf(response, upstream, now);
    const code = answer?.code ?? null;
    const hintMs =
      refusal.code === "RATE_LIMITED" ? rateLimitWaitMs(code, response.headers, now) : context.retryAfterMs;
    return refuse(refusal, {
      ...context,
      idsInCall: localIds.length,
      ...(isSuspect && { isSuspect }),
      retryAfterMs: refusal.waitMs ?? hintMs,
      upstreamCode: code,
      upstreamRequestId: answer?.requestId ?? requestIdOfHeaders(response.headers),
    });
  }

  return {
    fetchTasks: (call: TaskCall) => {
      const { localIds, scope, facets, limits } = call;
      const reading = { place: readSopsPlace(scope), meanings, withChildren: facets.has("children") };
      return tools.send({
        limits,
        prepare: () => ({ request: tasksStatus(localIds, reading) }),
        judge: (exchange) => judge(exchange, call, reading),
      });
    },
  };
}

/** Unknown ids, and ids of another business, are left out of an answer without a word. */
function answered(
  rows: readonly unknown[],
  upstreamRequestId: string | null,
  localIds: readonly string[],
  reading: SopsReading,
  observedAt: number,
): CallAnswer {
  const context = { upstream, upstreamRequestId };
  const answerOf = (row: WireObject): IdAnswer => {
    const status = readObject(row.status);
    const state = status && stateOf(status);
    return status && state !== null
      ? { state: normalizeSopsTask(row, status, state, reading) }
      : refuseId(malformedAnswer, context);
  };
  const matched = matchRows(rows, localIds, rowId, answerOf, refuseId({ code: "NOT_FOUND" }, context));
  return { kind: "answered", ...matched, observedAt };
}

/** The server keeps answers by the list as it is written, so equal batches are written equally. */
function sortedAscending(digits: readonly string[]): string[] {
  return digits.toSorted((left, right) => left.length - right.length || (left < right ? -1 : 1));
}

/** The server reads numbers and texts alike; beyond 2^53 - 1 a number would lose digits on its way. */
function numberOnTheWire(digits: string): number | string {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : digits;
}
