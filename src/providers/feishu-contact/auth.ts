import type { Token, TokenFetch } from "../../http/credential-store.ts";
import type { Exchange, OutboundRequest, ReceivedResponse } from "../../http/exchange.ts";
import type { Judgement } from "../../http/send.ts";
import type { ProblemCode } from "../../tasks/problem.ts";
import type { ClientTools, FailedCall } from "../provider.ts";
import { identityOf } from "../shared/identity.ts";
import { contextOf, type Refusal, type RefusalContext, refusalByFailure, refuse } from "../shared/refusal.ts";
import { tokenFetchLimits, waitForToken } from "../shared/token-wait.ts";
import type { TokenSource } from "./call-with-token.ts";
import { rateLimitWaitMs, refusalByTokenCode } from "./errors.ts";
import type { FeishuContactAccount } from "./index.ts";
import { parseTenantTokenAnswer, requestIdOf, type TenantTokenAnswer } from "./wire.ts";

const upstream = "Feishu";

/** While that much is left, the endpoint hands out the same token again: asking earlier is useless. */
const sameTokenMs = 30 * 60_000;
const renewalMarginMs = 25 * 60_000;

/** How long the endpoint is left alone: after refused credentials, after trouble that may pass, after a useless token. */
const refusedHoldMs = 60_000;
const troubleHoldMs = 1_000;
const sameTokenHoldMs = 10_000;

type Application = Pick<FeishuContactAccount, "baseUrl" | "appId" | "appSecret">;

/** The tenant_access_token of an account, shared by all accounts of one application. */
export function createTenantTokens(
  account: Application,
  { sendForCredentials, now, random, credentials }: ClientTools,
): TokenSource {
  const identity = identityOf("feishu-tenant", [account.baseUrl, account.appId], account.appSecret);

  function tokenRequest(): OutboundRequest {
    return {
      method: "POST",
      url: `${account.baseUrl}/open-apis/auth/v3/tenant_access_token/internal`,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: JSON.stringify({ app_id: account.appId, app_secret: account.appSecret.reveal() }),
    };
  }

  const fetchToken = (): Promise<TokenFetch<FailedCall>> =>
    sendForCredentials({
      limits: tokenFetchLimits(now),
      prepare: () => ({ request: tokenRequest() }),
      judge,
    });

  function judge(exchange: Exchange): Judgement<TokenFetch<FailedCall>> {
    if (exchange.kind === "failure") return refuseToken(refusalByFailure(exchange.reason), { upstream, now: now() });
    const answer = parseTenantTokenAnswer(exchange);
    const isSuccess = exchange.status >= 200 && exchange.status < 300 && answer?.code === "0";
    if (!isSuccess || !answer.tenantAccessToken) return refuseAnswer(exchange, answer);
    const { tenantAccessToken, expiresInSeconds } = answer;
    return { value: { token: tokenOf(tenantAccessToken, expiresInSeconds * 1000, exchange.receivedAt) } };
  }

  function tokenOf(value: string, lifeMs: number, receivedAt: number): Token {
    const marginMs = renewalMarginMs + random() * (sameTokenMs - renewalMarginMs);
    // A token that is short-lived from the start is not renewed with every call.
    const renewInMs = lifeMs >= sameTokenMs ? lifeMs - marginMs : lifeMs / 2;
    return { value, expiresAt: receivedAt + lifeMs, renewAt: receivedAt + renewInMs };
  }

  function refuseAnswer(
    response: ReceivedResponse,
    answer: TenantTokenAnswer | null,
  ): Judgement<TokenFetch<FailedCall>> {
    const upstreamCode = answer?.code ?? null;
    return refuseToken(refusalByTokenCode(upstreamCode, response.status), {
      ...contextOf(response, upstream, now()),
      retryAfterMs: rateLimitWaitMs(response.headers, now()),
      upstreamCode,
      upstreamRequestId: answer?.requestId ?? requestIdOf(response, null),
    });
  }

  return {
    current: (limits) => waitForToken(credentials.token(identity, fetchToken), limits, upstream, now),
    drop: (tokenValue) => credentials.drop(identity, tokenValue),
    giveUp: (tokenValue, answer) => {
      credentials.drop(identity, tokenValue);
      credentials.hold(identity, answer, sameTokenHoldMs);
    },
  };
}

function refuseToken(refusal: Refusal, context: RefusalContext): Judgement<TokenFetch<FailedCall>> {
  const { value, ...rest } = refuse(refusal, context);
  const holdMs = value.problem.retryable ? Math.max(troubleHoldMs, context.retryAfterMs ?? 0) : refusedHoldMs;
  return { ...rest, value: { refusal: asAuthFailure(value), holdMs } };
}

/** Nobody is let in without a token, whatever kept the endpoint from giving one; other than a refusal, this may pass. */
function asAuthFailure(answer: FailedCall): FailedCall {
  if (!isOutage(answer.problem.code)) return answer;
  const message = `${upstream} gave the account no token: its token endpoint did not answer.`;
  return { ...answer, problem: { ...answer.problem, code: "AUTH_FAILED", message } };
}

const isOutage = (code: ProblemCode): boolean => code === "UPSTREAM_UNAVAILABLE" || code === "TIMEOUT";
