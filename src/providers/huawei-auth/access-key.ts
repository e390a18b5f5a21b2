import type { CredentialStore } from "../../http/credential-store.ts";
import type { OutboundRequest } from "../../http/exchange.ts";
import { signSdkHmacSha256 } from "../../signing/sdk-hmac-sha256.ts";
import type { ClientTools, FailedCall } from "../provider.ts";
import { identityOf } from "../shared/identity.ts";
import { createServerClock } from "../shared/server-clock.ts";
import type { AccessKeyOptions } from "./account.ts";
import type { CallCredential, HuaweiCredentials, RefusedCredential } from "./credentials.ts";
import { createProving, type Proving } from "./proving.ts";

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
  const identity = identityOf("huawei-access-key", [options.accessKey], options.secretKey);
  const clock = createServerClock(tools.now, clockToleranceMs);
  const proving = provingOf(identity, tools.credentials);

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
    let end = (): void => undefined;
    return {
      async authorize(request, signal) {
        end = await proving.begin(signal, new URL(request.url).origin);
        const held = tools.credentials.refusalOf(identity) as FailedCall | undefined;
        // Nothing is sent, so nothing will be told.
        if (held) end();
        signedAt = clock.now();
        return held ?? sign(request, signedAt);
      },
      ended: () => end(),
      accepted: proving.accepted,
      refused: (refused) => judgeRefusal(refused, signedAt),
    };
  }

  /** A refusal by the service behind the gateway is no refusal of the signature. */
  function judgeRefusal({ trouble, response, failure, isRepeat }: RefusedCredential, signedAt: number): boolean {
    if (trouble === "service") return false;
    proving.refused();
    const wasClockOff = clock.learn(response.headers.date, signedAt);
    if (!isRepeat && wasClockOff) return true;
    tools.credentials.hold(identity, failure, refusedKeyHoldMs);
    return false;
  }

  return { obtain: async () => createCallCredential() };
}

/** By store, because a key is refused as often as all its accounts together sign with it. */
const provings = new WeakMap<CredentialStore, Map<string, Proving>>();

function provingOf(identity: string, store: CredentialStore): Proving {
  const ofStore = provings.get(store) ?? new Map<string, Proving>();
  provings.set(store, ofStore);
  const proving = ofStore.get(identity) ?? createProving();
  ofStore.set(identity, proving);
  return proving;
}
