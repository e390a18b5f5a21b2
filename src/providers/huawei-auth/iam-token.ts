import type { Token, TokenFetch } from "../../http/credential-store.ts";
import type { Exchange, OutboundRequest, ReceivedResponse } from "../../http/exchange.ts";
import type { Judgement } from "../../http/send.ts";
import type { ClientTools, FailedCall } from "../provider.ts";
import { identityOf } from "../shared/identity.ts";
import { contextOf, malformedAnswer, type Refusal, type RefusalContext, refuse } from "../shared/refusal.ts";
import { tokenFetchLimits, waitForToken } from "../shared/token-wait.ts";
import { readFilledText, readObject } from "../shared/wire-values.ts";
import type { PasswordOptions } from "./account.ts";
import type { CallCredential, HuaweiCredentials } from "./credentials.ts";
import { iamUnreachable, refusalByIam } from "./errors.ts";
import { throttledWaitMs } from "./throttled-wait.ts";
import { parseHuaweiAnswer } from "./wire.ts";

const upstream = "Huawei Cloud IAM";

/** Tokens live 24 h; renewing "well before" the end is advised, without a figure. */
const renewalLeadMs = 60 * 60_000;
const renewalJitterMs = 10 * 60_000;

const refusedPasswordHoldMs = 60_000;
/** IAM.0061: every further try keeps the user locked. IAM's own lock lasts 15 minutes unless its owner chose otherwise. */
const lockedUserHoldMs = 15 * 60_000;
const lockedUserCode = "IAM.0061";

const firstFailureHoldMs = 1_000;
const longestFailureHoldMs = 60_000;

/** What an attempt came to. `holdMs` is null when nothing tells how long to leave IAM alone. */
type IamAnswer = { readonly token: Token } | { readonly refusal: FailedCall; readonly holdMs: number | null };

/** Password of an IAM user against a token of one project, shared by every account of that user and project. */
export function createPasswordCredentials(
  options: PasswordOptions,
  projectId: string,
  tools: ClientTools,
): HuaweiCredentials {
  const { iamUrl, domain, user, password } = options;
  const identity = identityOf("huawei-token", [iamUrl, domain, user, projectId], password);
  let failuresInARow = 0;

  /** Not tied to the call that began it: other callers wait for the same token. A fetch of three attempts fails once. */
  async function fetchToken(): Promise<TokenFetch<FailedCall>> {
    const answer = await tools.sendForCredentials<IamAnswer>({
      limits: tokenFetchLimits(tools.now),
      prepare: () => ({ request: tokenRequest(options, projectId) }),
      judge,
    });
    failuresInARow = "token" in answer ? 0 : failuresInARow + 1;
    if ("token" in answer) return answer;
    const backedOffMs = Math.min(longestFailureHoldMs, firstFailureHoldMs * 2 ** (failuresInARow - 1));
    return { refusal: answer.refusal, holdMs: answer.holdMs ?? backedOffMs };
  }

  function judge(exchange: Exchange): Judgement<IamAnswer> {
    if (exchange.kind === "failure") return held(iamUnreachable, { upstream, now: tools.now() });
    const context = { ...contextOf(exchange, upstream, tools.now()), ...supportDetails(exchange) };
    if (exchange.status < 200 || exchange.status >= 300) return held(refusalByIam(exchange.status), context);
    const token = readToken(exchange, tools);
    return token ? { value: { token } } : held(malformedAnswer, context);
  }

  function held(refusal: Refusal, context: RefusalContext): Judgement<IamAnswer> {
    const retryAfterMs =
      refusal.code === "RATE_LIMITED" ? throttledWaitMs(context, tools.random) : context.retryAfterMs;
    const { value, ...again } = refuse(refusal, { ...context, retryAfterMs });
    return { value: { refusal: value, holdMs: holdMsOf(refusal, { ...context, retryAfterMs }) }, ...again };
  }

  function createCallCredential(token: Token): CallCredential {
    return {
      authorize: async (request) => withToken(request, token.value),
      ended: () => undefined,
      accepted: () => undefined,
      refused({ trouble, isRepeat }) {
        if (trouble === "unexplained" || isRepeat) return false;
        tools.credentials.drop(identity, token.value);
        return true;
      },
    };
  }

  return {
    async obtain(limits) {
      const fetching = tools.credentials.token<FailedCall>(identity, fetchToken);
      const token = await waitForToken(fetching, limits, upstream, tools.now);
      return "refusal" in token ? token.refusal : createCallCredential(token);
    },
  };
}

function holdMsOf({ code }: Refusal, { upstreamCode, retryAfterMs }: RefusalContext): number | null {
  if (upstreamCode === lockedUserCode) return lockedUserHoldMs;
  return code === "AUTH_FAILED" ? refusedPasswordHoldMs : (retryAfterMs ?? null);
}

export function withToken(request: OutboundRequest, token: string): OutboundRequest {
  return { ...request, headers: { ...request.headers, "x-auth-token": token } };
}

function tokenRequest({ iamUrl, domain, user, password }: PasswordOptions, projectId: string): OutboundRequest {
  const identity = {
    methods: ["password"],
    password: { user: { name: user, password: password.reveal(), domain: { name: domain } } },
  };
  return {
    method: "POST",
    url: `${iamUrl}/v3/auth/tokens?nocatalog=true`,
    headers: { "content-type": "application/json;charset=utf8" },
    body: JSON.stringify({ auth: { identity, scope: { project: { id: projectId } } } }),
  };
}

/** The token is a header, its end stands in the body. Null when either cannot be read. */
function readToken(response: ReceivedResponse, { now, random }: Pick<ClientTools, "now" | "random">): Token | null {
  const value = readFilledText(response.headers["x-subject-token"]);
  const details = readObject(parseHuaweiAnswer(response).body?.token);
  const expiresAt = Date.parse(readFilledText(details?.expires_at) ?? "");
  if (value === null || Number.isNaN(expiresAt)) return null;
  return { value, expiresAt, renewAt: renewalTime(expiresAt, now(), random) };
}

/** A token with a short life is used for half of it, or it would be renewed with every call. */
function renewalTime(expiresAt: number, now: number, random: () => number): number {
  return Math.max(expiresAt - renewalLeadMs - random() * renewalJitterMs, now + (expiresAt - now) / 2);
}

/** IAM answers errors in two forms; only one of them has a code of its own. */
function supportDetails(response: ReceivedResponse): Pick<RefusalContext, "upstreamCode" | "upstreamRequestId"> {
  const { errorCode, requestId } = parseHuaweiAnswer(response);
  return { upstreamCode: errorCode, upstreamRequestId: requestId };
}
