import type { Exchange, OutboundRequest, ReceivedResponse } from "../../http/exchange.ts";
import type { Judgement } from "../../http/send.ts";
import type { CallLimits, ClientTools, FailedCall } from "../provider.ts";
import { contextOf, type RefusalContext, refuse, refuseExchange } from "../shared/refusal.ts";
import { createAccessKeyCredentials } from "./access-key.ts";
import type { HuaweiAccount } from "./account.ts";
import type { CallCredential, HuaweiCredentials } from "./credentials.ts";
import { credentialTroubleOf, refusalByGateway } from "./errors.ts";
import { createPasswordCredentials, withToken } from "./iam-token.ts";
import { throttledWaitMs } from "./throttled-wait.ts";
import { type HuaweiAnswer, parseHuaweiAnswer } from "./wire.ts";

/** One service behind the gateway. */
export interface HuaweiService {
  /** For messages: "Huawei DLI". */
  readonly upstream: string;
  /** Codes of its own by which it refuses a token. */
  readonly tokenTroubleCodes: ReadonlySet<string>;
}

/** One logical call, without credentials. */
export interface HuaweiCall<T> {
  readonly limits: CallLimits;
  readonly request: OutboundRequest;
  /** Reads an answer of the service itself: credentials, gateway and throttling are dealt with before. */
  judge(reply: HuaweiReply): Judgement<T | FailedCall>;
}

export interface HuaweiReply extends HuaweiAnswer {
  readonly response: ReceivedResponse;
  /** For a refusal. */
  readonly context: RefusalContext;
}

/** Calls in an account's name. */
export interface HuaweiAuth {
  /**
   * Sends with the account's credentials. Refused ones are renewed, or signed with a corrected time, once, and the call
   * is repeated once; then it is AUTH_FAILED. Rejects never.
   */
  send<T>(call: HuaweiCall<T>): Promise<T | FailedCall>;
}

export function createHuaweiAuth(account: HuaweiAccount, service: HuaweiService, tools: ClientTools): HuaweiAuth {
  const credentials = createCredentials(account, tools);

  /**
   * The token is at hand before `send` is called, also for the repeat: waiting for it is no part of an attempt, and must
   * not keep the account's rate, or the probe of its breaker, from calls that have theirs.
   */
  async function sendWithCredentials<T>(call: HuaweiCall<T>, isRepeat: boolean): Promise<T | FailedCall> {
    const credential = await credentials.obtain(call.limits);
    if (isFailure(credential)) return credential;
    let worthRepeating = false;
    const value = await tools.send<T | FailedCall>({
      limits: call.limits,
      async prepare() {
        const authorized = await credential.authorize(call.request, call.limits.signal);
        return isFailure(authorized) ? { settled: authorized } : { request: authorized };
      },
      judge(exchange) {
        try {
          const { judgement, repeat } = judge(exchange, call, credential, isRepeat);
          worthRepeating = repeat;
          return judgement;
        } finally {
          credential.ended();
        }
      },
    });
    return worthRepeating && !isRepeat ? sendWithCredentials(call, true) : value;
  }

  function judge<T>(
    exchange: Exchange,
    call: HuaweiCall<T>,
    credential: CallCredential,
    isRepeat: boolean,
  ): Judged<T | FailedCall> {
    if (exchange.kind === "failure") return final(refuseExchange(exchange, service.upstream, tools.now()));
    const reply = readReply(exchange);
    const { response, errorCode, context } = reply;
    if (response.status === 429) return final(refuseThrottled(context));
    const trouble = credentialTroubleOf(response.status, errorCode, service.tokenTroubleCodes);
    if (trouble) {
      const { value: failure } = refuse({ code: "AUTH_FAILED" }, context);
      return { judgement: { value: failure }, repeat: credential.refused({ trouble, response, failure, isRepeat }) };
    }
    if (response.status < 500) credential.accepted();
    const refusal = refusalByGateway(response.status, errorCode);
    if (refusal?.code === "RATE_LIMITED") return final(refuseThrottled(context));
    return final(refusal ? refuse(refusal, context) : call.judge(reply));
  }

  function readReply(response: ReceivedResponse): HuaweiReply {
    const answer = parseHuaweiAnswer(response);
    const context: RefusalContext = {
      ...contextOf(response, service.upstream, tools.now()),
      upstreamCode: answer.errorCode,
      upstreamRequestId: answer.requestId,
    };
    return { ...answer, response, context };
  }

  function refuseThrottled(context: RefusalContext): Judgement<FailedCall> {
    const retryAfterMs = throttledWaitMs(context, tools.random);
    return refuse({ code: "RATE_LIMITED", again: "throttled" }, { ...context, retryAfterMs });
  }

  return { send: (call) => sendWithCredentials(call, false) };
}

interface Judged<Value> {
  readonly judgement: Judgement<Value>;
  /** True when other credentials, or a corrected clock, are to be had. */
  readonly repeat: boolean;
}

function final<Value>(judgement: Judgement<Value>): Judged<Value> {
  return { judgement, repeat: false };
}

function createCredentials({ auth, projectId }: HuaweiAccount, tools: ClientTools): HuaweiCredentials {
  if (auth.kind === "access-key") return createAccessKeyCredentials(auth, projectId, tools);
  if (auth.kind === "password") return createPasswordCredentials(auth, projectId, tools);
  const credential: CallCredential = {
    authorize: async (request) => withToken(request, auth.token.reveal()),
    ended: () => undefined,
    accepted: () => undefined,
    refused: () => false,
  };
  return { obtain: async () => credential };
}

function isFailure(value: CallCredential | OutboundRequest | FailedCall): value is FailedCall {
  return "kind" in value && value.kind === "failed";
}
