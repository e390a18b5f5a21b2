import type { OutboundRequest, ReceivedResponse } from "../../http/exchange.ts";
import type { Judgement } from "../../http/send.ts";
import { createHuaweiAuth, type HuaweiReply } from "../huawei-auth/huawei-auth.ts";
import type { CallAnswer, ClientTools, IdAnswer, ProviderClient, TaskCall } from "../provider.ts";
import { malformedAnswer, refuse, refuseId } from "../shared/refusal.ts";
import { dliRefusal, dliTokenTroubleCodes } from "./errors.ts";
import type { DliAccount } from "./index.ts";
import { createDliMeanings, normalizeDliBatchJob } from "./normalize.ts";
import { batchDetail, batchState, isAboutBatch } from "./wire.ts";

const service = { upstream: "Huawei DLI", tokenTroubleCodes: dliTokenTroubleCodes };

interface BatchQuestion {
  /** Asks for the batch as a whole, its state included, instead of the state. */
  readonly wholeBatch: boolean;
  readonly facets: ReadonlySet<string>;
}

export function createDliClient(account: DliAccount, tools: ClientTools): ProviderClient {
  const auth = createHuaweiAuth(account, service, tools);
  const meanings = createDliMeanings(account.statusOverrides);

  function batchQuery(id: string, wholeBatch: boolean): OutboundRequest {
    return {
      method: "GET",
      url: `${account.baseUrl}/v2.0/${account.projectId}/batches/${id}${wholeBatch ? "" : "/state"}`,
      // Without a body, too: the official SDK sends and signs it.
      headers: { "content-type": "application/json" },
    };
  }

  function judge(reply: HuaweiReply, id: string, { wholeBatch, facets }: BatchQuestion): Judgement<CallAnswer> {
    const { response, body, errorCode, context } = reply;
    const isSuccess = response.status >= 200 && response.status < 300;
    if (!isSuccess || errorCode !== null) {
      const refusal = dliRefusal(response.status, errorCode);
      // That there is no such batch is an answer, which is as good as another.
      return refusal.code === "NOT_FOUND"
        ? { value: answered(id, refuseId(refusal, context), response) }
        : refuse(refusal, context);
    }
    const state = body && isAboutBatch(body, id) ? batchState(body) : null;
    if (!body || state === null) return refuse(malformedAnswer, context);
    const detail = wholeBatch ? batchDetail(body) : null;
    const task = normalizeDliBatchJob(state, detail, facets, account.projectId, meanings);
    return { value: answered(id, { state: task }, response) };
  }

  /** No read of this API takes several ids, so a call carries one. */
  async function fetchTasks({ read, localIds, facets, limits }: TaskCall): Promise<CallAnswer> {
    const [id] = localIds;
    if (id === undefined) return { kind: "answered", answers: new Map(), foreignRows: 0, observedAt: tools.now() };
    const question = { wholeBatch: read === "batch", facets };
    return auth.send<CallAnswer>({
      limits,
      request: batchQuery(id, question.wholeBatch),
      judge: (reply) => judge(reply, id, question),
    });
  }

  return { fetchTasks };
}

function answered(id: string, answer: IdAnswer, response: ReceivedResponse): CallAnswer {
  return { kind: "answered", answers: new Map([[id, answer]]), foreignRows: 0, observedAt: response.receivedAt };
}
