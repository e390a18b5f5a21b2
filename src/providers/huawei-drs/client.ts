import type { OutboundRequest } from "../../http/exchange.ts";
import type { Judgement } from "../../http/send.ts";
import { createHuaweiAuth, type HuaweiReply } from "../huawei-auth/huawei-auth.ts";
import type { CallLimits, ClientTools, FailedCall, IdAnswer, ProviderClient } from "../provider.ts";
import { matchRows } from "../shared/match-rows.ts";
import { malformedAnswer, type RefusalContext, refuse, refuseId } from "../shared/refusal.ts";
import type { WireObject } from "../shared/wire-values.ts";
import { allowsSinglesOnly, drsRefusal, drsRowRefusal, drsTokenTroubleCodes, tooFrequentWaitMs } from "./errors.ts";
import type { DrsAccount } from "./index.ts";
import { askUntilComplete, createSeenPaging, type GroupAnswer } from "./missing-jobs.ts";
import { createDrsMeanings, normalizeDrsJob } from "./normalize.ts";
import { hasRowOf, jobRows, rowErrorCode, rowErrorMessage, rowId, rowStatus } from "./wire.ts";

const upstream = "Huawei DRS";

const service = { upstream, tokenTroubleCodes: drsTokenTroubleCodes };

/** Asked for by name every time: without it an answer holds five rows, and no word about the others. */
const wholePage = { cur_page: 1, per_page: 100 };

export function createDrsClient(account: DrsAccount, tools: ClientTools): ProviderClient {
  const auth = createHuaweiAuth(account, service, tools);
  const meanings = createDrsMeanings(account.statusOverrides);
  const paging = createSeenPaging();

  function statusQuery(ids: readonly string[]): OutboundRequest {
    return {
      method: "POST",
      url: `${account.baseUrl}/v3/${account.projectId}/jobs/batch-status`,
      // No charset: it would leave the body out of the signature.
      headers: { "content-type": "application/json", "x-language": account.language },
      body: JSON.stringify({ jobs: ids, page_req: wholePage }),
    };
  }

  function askGroup(ids: readonly string[], { signal, deadlineAt }: CallLimits): Promise<GroupAnswer> {
    return auth.send<GroupAnswer>({
      signal,
      deadlineAt,
      request: statusQuery(ids),
      judge: (reply) => judge(reply, ids),
    });
  }

  function judge(reply: HuaweiReply, ids: readonly string[]): Judgement<GroupAnswer> {
    const { response, body, errorCode, context } = reply;
    const rows = jobRows(body);
    const isSuccess = response.status >= 200 && response.status < 300;
    if (isSuccess && errorCode === null) {
      return rows ? { value: readPage(reply, rows, ids, isSuccess) } : refuse(malformedAnswer, context);
    }
    if (response.status === 400 && rows && hasRowOf(rows, ids)) return { value: readPage(reply, rows, ids, isSuccess) };
    if (ids.length > 1 && allowsSinglesOnly(errorCode)) return { value: { kind: "singles-only" } };
    return refuseGroup(response.status, context, ids.length);
  }

  function readPage(
    { response }: HuaweiReply,
    rows: readonly unknown[],
    ids: readonly string[],
    isSuccess: boolean,
  ): GroupAnswer {
    const matched = matchRows(rows, ids, (row) => rowId(row, ids), answerOfRow);
    return { kind: "page", ...matched, observedAt: response.receivedAt, isSuccess };
  }

  function answerOfRow(row: WireObject): IdAnswer {
    const status = rowStatus(row);
    const errorCode = rowErrorCode(row);
    if (status !== null) {
      const failure = { code: errorCode, message: rowErrorMessage(row) };
      return { state: normalizeDrsJob(status, failure, account.projectId, meanings) };
    }
    if (errorCode === null) return unreadableRow;
    return refuseId(drsRowRefusal(errorCode), { upstream, upstreamCode: errorCode });
  }

  return {
    fetchTasks: (call) =>
      askUntilComplete(call.localIds, (ids) => askGroup(ids, call), missingAnswers, paging, tools.now),
  };
}

function refuseGroup(status: number, context: RefusalContext, jobs: number): Judgement<FailedCall> {
  const refusal = drsRefusal(status, context.upstreamCode ?? null, jobs);
  if (refusal.code !== "RATE_LIMITED") return refuse(refusal, context);
  return refuse(refusal, { ...context, retryAfterMs: context.retryAfterMs ?? tooFrequentWaitMs });
}

const missingAnswers = {
  notFound: refuseId({ code: "NOT_FOUND" }, { upstream }),
  notReturned: refuseId({ code: "NOT_RETURNED" }, { upstream }),
};

const unreadableRow = refuseId(malformedAnswer, { upstream });
