import type { OutboundRequest } from "../../http/exchange.ts";
import { signSdkHmacSha256 } from "../../signing/sdk-hmac-sha256.ts";
import type { ClientTools, FailedCall } from "../provider.ts";
import { createServerClock } from "../shared/server-clock.ts";
import type { AccessKeyOptions } from "./account.ts";
import type { CallCredential, HuaweiCredentials, RefusedCredential } from "./credentials.ts";
import { createProving } from "./proving.ts";

/** The gateway accepts 15 minutes; a smaller difference is not taken for the reason of a refusal. */
const clockToleranceMs = 5 * 60_000;

/** More than five refused signatures in a row lock the key pair for 5 minutes, so after one nobody signs for a while. */
const refusedKeyHoldMs = 60_000;

/** Signs every attempt with its own time. */
export function createAccessKeyCredentials(
  options: AccessKeyOptions,
  projectId: string,
  tools: Pick<ClientTools, "now" | "credentials">,
): HuaweiCredentials {
  const identity = JSON.stringify(["huawei access key", options.accessKey]);
  const clock = createServerClock(tools.now, clockToleranceMs);
  const proving = createProving();

  function sign(request: OutboundRequest, signedAt: number): OutboundRequest {
    const headers = {
      ...request.headers,
      "x-project-id": projectId,
      ...(options.securityToken && { "x-security-token": options.securityToken.reveal() }),
    };
    const keys = { accessKey: options.accessKey, secretKey: options.secretKey.reveal() };
    return { ...request, headers: signSdkHmacSha256({ ...request, headers }, keys, signedAt) };
  }

  function createCallCredential(): CallCredential {
    let signedAt = 0;
    return {
      authorize(request) {
        const held = tools.credentials.refusalOf(identity) as FailedCall | undefined;
        if (held) return held;
        signedAt = clock.now();
        return sign(request, signedAt);
      },
      accepted: proving.succeeded,
      refused: (refused) => judgeRefusal(refused, signedAt),
    };
  }

  /**
   * The time of this signature counts, not the clock of now: another call may have corrected it since. A refusal by the
   * service behind the gateway is no refusal of the signature.
   */
  function judgeRefusal({ trouble, response, failure, isRepeat }: RefusedCredential, signedAt: number): boolean {
    if (trouble === "service") return false;
    proving.failed();
    clock.learn(response.headers.date);
    const wasOffMs = Math.abs(Date.parse(response.headers.date ?? "") - signedAt);
    if (!isRepeat && wasOffMs > clockToleranceMs) return true;
    tools.credentials.hold(identity, failure, refusedKeyHoldMs);
    return false;
  }

  return { obtain: async () => createCallCredential(), inTurn: proving.inTurn };
}
