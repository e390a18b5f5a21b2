import type { Exchange, OutboundRequest, ReceivedResponse } from "../../http/exchange.ts";
import type { Judgement } from "../../http/send.ts";
import type { CallAnswer, ClientTools, IdAnswer, ProviderClient, TaskCall } from "../provider.ts";
import { contextOf, malformedAnswer, refuse, refuseExchange, refuseId } from "../shared/refusal.ts";
import { createTenantTokens } from "./auth.ts";
import { callWithToken, type TokenCallAnswer } from "./call-with-token.ts";
import { isTokenTrouble, rateLimitWaitMs, refusalByCode } from "./errors.ts";
import type { FeishuContactAccount } from "./index.ts";
import { type FeishuReading, normalizeFeishuTask } from "./normalize.ts";
import { createProgressMemory } from "./progress.ts";
import { createFeishuStatusReader } from "./status.ts";
import { type FeishuAnswer, isAboutTask, parseFeishuAnswer, requestIdOf, statusOf } from "./wire.ts";

const upstream = "Feishu";

export function createFeishuContactClient(account: FeishuContactAccount, tools: ClientTools): ProviderClient {
  const tokens = createTenantTokens(account, tools);
  const statusReader = createFeishuStatusReader(account.statusOverrides);
  const progressMemory = createProgressMemory();
  const notFoundCodes = new Set(account.notFoundCodes.map(String));

  function taskGet(taskId: string, tokenValue: string): OutboundRequest {
    return {
      method: "GET",
      url: `${account.baseUrl}/open-apis/contact/v2/task/get?task_id=${encodeURIComponent(taskId)}`,
      // The content type is required by the vendor's page even on GET; its own SDK sends none.
      headers: { authorization: `Bearer ${tokenValue}`, "content-type": "application/json; charset=utf-8" },
    };
  }

  function judge(exchange: Exchange, reading: FeishuReading): Judgement<TokenCallAnswer> {
    if (exchange.kind === "failure") return aboutToken(refuseExchange(exchange, upstream, tools.now()), null);
    const answer = parseFeishuAnswer(exchange);
    const isSuccess = exchange.status >= 200 && exchange.status < 300 && answer?.code === "0";
    if (isSuccess) return aboutToken(judgeData(exchange, answer, reading), null);
    return aboutToken(refuseAnswer(exchange, answer, reading.taskId), answer?.code ?? null);
  }

  function judgeData(
    response: ReceivedResponse,
    { data, requestId }: FeishuAnswer,
    reading: FeishuReading,
  ): Judgement<CallAnswer> {
    const status = data && statusOf(data);
    if (!data || status === null || !isAboutTask(data, reading.taskId)) {
      return refuse(malformedAnswer, { ...contextOf(response, upstream, tools.now()), upstreamRequestId: requestId });
    }
    return { value: answered(reading.taskId, { state: normalizeFeishuTask(data, status, reading) }, response) };
  }

  function refuseAnswer(
    response: ReceivedResponse,
    answer: FeishuAnswer | null,
    taskId: string,
  ): Judgement<CallAnswer> {
    const upstreamCode = answer?.code ?? null;
    const upstreamRequestId = answer?.requestId ?? requestIdOf(response, null);
    if (upstreamCode !== null && notFoundCodes.has(upstreamCode)) {
      const notFound = refuseId({ code: "NOT_FOUND" }, { upstream, upstreamCode, upstreamRequestId });
      return { value: answered(taskId, notFound, response) };
    }
    return refuse(refusalByCode(upstreamCode, response.status), {
      ...contextOf(response, upstream, tools.now()),
      retryAfterMs: rateLimitWaitMs(response.headers, tools.now()),
      upstreamCode,
      upstreamRequestId,
    });
  }

  return {
    fetchTasks: (call: TaskCall) => {
      // One id per call is the provider's limit.
      const [taskId = ""] = call.localIds;
      const reading = { taskId, statusReader, progressMemory, withItems: call.facets.has("items") };
      return callWithToken(tokens, call.limits, (tokenValue) =>
        tools.send({
          limits: call.limits,
          prepare: () => ({ request: taskGet(taskId, tokenValue) }),
          judge: (exchange) => judge(exchange, reading),
        }),
      );
    },
  };
}

function answered(taskId: string, answer: IdAnswer, response: ReceivedResponse): CallAnswer {
  return { kind: "answered", answers: new Map([[taskId, answer]]), foreignRows: 0, observedAt: response.receivedAt };
}

function aboutToken({ value, ...rest }: Judgement<CallAnswer>, code: string | null): Judgement<TokenCallAnswer> {
  return { ...rest, value: { answer: value, isTokenRefused: isTokenTrouble(code) } };
}
