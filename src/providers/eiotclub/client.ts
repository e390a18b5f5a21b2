import type { Exchange, OutboundRequest, ReceivedResponse } from "../../http/exchange.ts";
import type { Judgement } from "../../http/send.ts";
import type { CallAnswer, ClientTools, IdAnswer, ProviderClient, TaskCall } from "../provider.ts";
import { matchRows } from "../shared/match-rows.ts";
import { contextOf, malformedAnswer, refuse, refuseExchange, refuseId } from "../shared/refusal.ts";
import { createServerClock } from "../shared/server-clock.ts";
import type { WireObject } from "../shared/wire-values.ts";
import { createParameterSigner } from "./auth.ts";
import { refusalByBodyCode } from "./errors.ts";
import type { EiotclubAccount } from "./index.ts";
import { createEiotclubMeanings, normalizeEiotclubTask } from "./normalize.ts";
import { parseEiotclubAnswer, rowId, rowResult, rowStatus } from "./wire.ts";

const upstream = "eIoTClub";

/** The accepted clock skew is unknown; a smaller difference is not taken for the reason of a refusal. */
const clockToleranceMs = 60_000;

export function createEiotclubClient(account: EiotclubAccount, tools: ClientTools): ProviderClient {
  const clock = createServerClock(tools.now, clockToleranceMs);
  const signParameters = createParameterSigner(account, tools.random);
  const meanings = createEiotclubMeanings(account.statusOverrides);
  /** The key pair was good when it was last tried. */
  let isAccepted = false;

  function taskQuery(localIds: readonly string[], signedAt: number): OutboundRequest {
    return {
      method: "POST",
      url: `${account.baseUrl}/api/v3/task/query`,
      headers: { "content-type": "application/json" },
      body: signParameters({ ids: localIds.join(",") }, signedAt),
    };
  }

  function judge(exchange: Exchange, localIds: readonly string[]): Judgement<CallAnswer> {
    if (exchange.kind === "failure") return refuseExchange(exchange, upstream, tools.now());
    const context = contextOf(exchange, upstream, tools.now());
    const answer = parseEiotclubAnswer(exchange.text);
    if (!answer) return refuseExchange(exchange, upstream, tools.now());
    const isSuccessStatus = exchange.status >= 200 && exchange.status < 300;
    if (isSuccessStatus && answer.code !== null && account.successCodes.includes(answer.code)) {
      return answer.rows ? { value: answered(answer.rows, localIds, exchange) } : refuse(malformedAnswer, context);
    }
    const refusal = refusalByBodyCode(answer.code, isSuccessStatus, account.errorCodes);
    if (!refusal) return refuseExchange(exchange, upstream, tools.now());
    return refuse(refusal, { ...context, upstreamCode: answer.code, idsInCall: localIds.length });
  }

  /**
   * A refused signature is worth a second one when our clock was off, or when the key pair was good a moment ago: nonces have
   * five digits, and another replica may have drawn the same one in the same second.
   */
  function mayBeSignedAgain({ headers }: ReceivedResponse, signedAt: number, isSecond: boolean): boolean {
    if (isSecond) isAccepted = false;
    return clock.learn(headers.date, signedAt) || isAccepted;
  }

  function answered(rows: readonly unknown[], localIds: readonly string[], response: ReceivedResponse): CallAnswer {
    const matched = matchRows(rows, localIds, rowId, answerOfRow, notReturned);
    return { kind: "answered", ...matched, observedAt: response.receivedAt };
  }

  function answerOfRow(row: WireObject): IdAnswer {
    const status = rowStatus(row);
    if (status === null) return unreadableRow;
    return { state: normalizeEiotclubTask(status, rowResult(row), meanings) };
  }

  return {
    fetchTasks({ localIds, limits }: TaskCall) {
      let signedAt = 0;
      let refusals = 0;
      return tools.send({
        limits,
        prepare() {
          signedAt = clock.now();
          return { request: taskQuery(localIds, signedAt) };
        },
        judge(exchange) {
          const judgement = judge(exchange, localIds);
          const { value } = judgement;
          if (value.kind === "answered") isAccepted = true;
          if (exchange.kind === "failure" || !isRefusedSignature(value)) return judgement;
          refusals += 1;
          if (!mayBeSignedAgain(exchange, signedAt, refusals > 1)) return judgement;
          return { value, again: { because: "credentials" } };
        },
      });
    },
  };
}

function isRefusedSignature(answer: CallAnswer): boolean {
  return answer.kind === "failed" && answer.problem.code === "AUTH_FAILED";
}

/** Not "not found": what this upstream leaves out for unknown ids is not documented, so an omission proves nothing. */
const notReturned = refuseId({ code: "NOT_RETURNED" }, { upstream });

const unreadableRow = refuseId(malformedAnswer, { upstream });
