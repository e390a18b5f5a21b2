import type { OutboundRequest } from "../../http/exchange.ts";
import type { Judgement } from "../../http/send.ts";
import { createHuaweiAuth, type HuaweiReply } from "../huawei-auth/huawei-auth.ts";
import type { ClientTools, FailedCall, IdAnswer, ProviderClient, TaskCall } from "../provider.ts";
import { matchRows } from "../shared/match-rows.ts";
import { malformedAnswer, type RefusalContext, refuse, refuseId } from "../shared/refusal.ts";
import type { WireObject } from "../shared/wire-values.ts";
import { allowsSinglesOnly, drsRefusal, drsRowRefusal, drsTokenTroubleCodes, tooFrequentWaitMs } from "./errors.ts";
import type { DrsAccount } from "./index.ts";
import { askUntilComplete, createSeenPaging, type GroupAnswer, type SeenPaging } from "./missing-jobs.ts";
import { createDrsMeanings, normalizeDrsJob } from "./normalize.ts";
import {
  type DrsRead,
  detailRow,
  hasRowOf,
  jobRows,
  progressRow,
  rowErrorCode,
  rowErrorMessage,
  rowId,
  rowStatus,
} from "./wire.ts";

const upstream = "Huawei DRS";

const service = { upstream, tokenTroubleCodes: drsTokenTroubleCodes };

/** Asked for by name every time: without it an answer holds five rows, and no word about the others. */
const wholePage = { cur_page: 1, per_page: 100 };

export function createDrsClient(account: DrsAccount, tools: ClientTools): ProviderClient {
  const auth = createHuaweiAuth(account, service, tools);
  const meanings = createDrsMeanings(account.statusOverrides);
  const pagingOf: Readonly<Record<DrsRead, SeenPaging>> = {
    "batch-status": createSeenPaging(),
    "batch-progress": createSeenPaging(),
    "batch-detail": createSeenPaging(),
  };

  function jobsQuery(read: DrsRead, ids: readonly string[]): OutboundRequest {
    return {
      method: "POST",
      url: `${account.baseUrl}/v3/${account.projectId}/jobs/${read}`,
      // No charset: it would leave the body out of the signature.
      headers: { "content-type": "application/json", "x-language": account.language },
      body: JSON.stringify({ jobs: ids, ...(read !== "batch-progress" && { page_req: wholePage }) }),
    };
  }

  function askGroup(
    read: DrsRead,
    ids: readonly string[],
    { limits, isSuspect = false }: TaskCall,
  ): Promise<GroupAnswer> {
    return auth.send<GroupAnswer>({
      limits,
      request: jobsQuery(read, ids),
      judge: (reply) => judge(reply, read, ids, isSuspect),
    });
  }

  function judge(
    reply: HuaweiReply,
    read: DrsRead,
    ids: readonly string[],
    isSuspect: boolean,
  ): Judgement<GroupAnswer> {
    const { response, body, errorCode, context } = reply;
    const rows = jobRows(body);
    const isSuccess = response.status >= 200 && response.status < 300;
    if (isSuccess && errorCode === null) {
      return rows ? { value: readPage(reply, rows, read, ids) } : refuse(malformedAnswer, context);
    }
    if (response.status === 400 && rows && hasRowOf(rows, read, ids)) {
      return { value: readPage(reply, rows, read, ids) };
    }
    if (ids.length > 1 && allowsSinglesOnly(errorCode)) return { value: { kind: "singles-only" } };
    return refuseGroup(response.status, { ...context, idsInCall: ids.length, isSuspect });
  }

  function readPage(
    { response }: HuaweiReply,
    rows: readonly unknown[],
    read: DrsRead,
    ids: readonly string[],
  ): GroupAnswer {
    const matched = matchRows(
      rows,
      ids,
      (row) => rowId(row, read, ids),
      (row) => answerOfRow(row, read),
    );
    return { kind: "page", ...matched, observedAt: response.receivedAt, isSuccess: response.status !== 400 };
  }

  function answerOfRow(row: WireObject, read: DrsRead): IdAnswer {
    const status = rowStatus(row, read);
    const errorCode = rowErrorCode(row);
    if (status !== null) {
      const jobRow = {
        status,
        reason: { code: errorCode, message: rowErrorMessage(row, read) },
        progress: read === "batch-progress" ? progressRow(row) : null,
        detail: read === "batch-detail" ? detailRow(row) : null,
      };
      return { state: normalizeDrsJob(jobRow, account.projectId, meanings) };
    }
    if (errorCode === null) return unreadableRow;
    return refuseId(drsRowRefusal(errorCode), { upstream, upstreamCode: errorCode });
  }

  return {
    fetchTasks(call) {
      const read = reads.find((name) => name === call.read) ?? "batch-status";
      const ask = (ids: readonly string[]): Promise<GroupAnswer> => askGroup(read, ids, call);
      return askUntilComplete(call.localIds, ask, missingAnswers, pagingOf[read], tools.now);
    },
  };
}

const reads: readonly DrsRead[] = ["batch-status", "batch-progress", "batch-detail"];

function refuseGroup(status: number, context: RefusalContext): Judgement<FailedCall> {
  const refusal = drsRefusal(status, context.upstreamCode ?? null, context.idsInCall ?? 1);
  if (refusal.code !== "RATE_LIMITED") return refuse(refusal, context);
  return refuse(refusal, { ...context, retryAfterMs: context.retryAfterMs ?? tooFrequentWaitMs });
}

const missingAnswers = {
  notFound: refuseId({ code: "NOT_FOUND" }, { upstream }),
  notReturned: refuseId({ code: "NOT_RETURNED" }, { upstream }),
};

const unreadableRow = refuseId(malformedAnswer, { upstream });
