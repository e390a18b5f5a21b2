import type { OutboundRequest } from "../../http/exchange.ts";
import type { Judgement } from "../../http/send.ts";
import { createHuaweiAuth, type HuaweiReply } from "../huawei-auth/huawei-auth.ts";
import type { CallAnswer, ClientTools, ProviderClient, TaskCall } from "../provider.ts";
import { malformedAnswer, refuse } from "../shared/refusal.ts";
import { dliRefusal, dliTokenTroubleCodes } from "./errors.ts";
import type { DliAccount } from "./index.ts";
import { createDliMeanings, normalizeDliBatchJob } from "./normalize.ts";
import { batchState, isAboutBatch } from "./wire.ts";

const service = { upstream: "Huawei DLI", tokenTroubleCodes: dliTokenTroubleCodes };

export function createDliClient(account: DliAccount, tools: ClientTools): ProviderClient {
  const auth = createHuaweiAuth(account, service, tools);
  const meanings = createDliMeanings(account.statusOverrides);

  function stateQuery(id: string): OutboundRequest {
    return {
      method: "GET",
      url: `${account.baseUrl}/v2.0/${account.projectId}/batches/${id}/state`,
      // Without a body, too: the official SDK sends and signs it.
      headers: { "content-type": "application/json" },
    };
  }

  function judge({ response, body, errorCode, context }: HuaweiReply, id: string): Judgement<CallAnswer> {
    const isSuccess = response.status >= 200 && response.status < 300;
    if (!isSuccess || errorCode !== null) return refuse(dliRefusal(response.status, errorCode), context);
    const state = body && isAboutBatch(body, id) ? batchState(body) : null;
    if (state === null) return refuse(malformedAnswer, context);
    const task = normalizeDliBatchJob(state, account.projectId, meanings);
    const answers = new Map([[id, { state: task }]]);
    return { value: { kind: "answered", answers, foreignRows: 0, observedAt: response.receivedAt } };
  }

  /** No read of this API takes several ids, so a call carries one. */
  async function fetchTasks({ localIds, signal, deadlineAt }: TaskCall): Promise<CallAnswer> {
    const [id] = localIds;
    if (id === undefined) return { kind: "answered", answers: new Map(), foreignRows: 0, observedAt: tools.now() };
    return auth.send<CallAnswer>({ signal, deadlineAt, request: stateQuery(id), judge: (reply) => judge(reply, id) });
  }

  return { fetchTasks };
}
