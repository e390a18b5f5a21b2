import { onTestFinished } from "vitest";
import type { HuaweiAccount, HuaweiAuthOptions } from "../../../src/providers/huawei-auth/account.ts";
import { createHuaweiAuth, type HuaweiReply } from "../../../src/providers/huawei-auth/huawei-auth.ts";
import type { CallLimits, ClientTools, FailedCall } from "../../../src/providers/provider.ts";
import { Secret } from "../../../src/providers/shared/secret.ts";
import { createTestTools, type TestTools } from "../../support/client-tools.ts";
import { type AskedRequest, type FarAnswer, type FarSide, startFarSide } from "../../support/far-side.ts";

export const projectId = "054ba152d480d55b2f5dc0069e7ddef0";

export const accessKey = {
  kind: "access-key",
  accessKey: "AK0001",
  secretKey: new Secret("SECRET-KEY-0001"),
  securityToken: null,
} as const satisfies HuaweiAuthOptions;

export function passwordFor(iam: FarSide): HuaweiAuthOptions {
  return { kind: "password", iamUrl: iam.baseUrl, domain: "acme", user: "reader", password: new Secret("hunter22") };
}

export function openTools(maxConcurrency = 8): TestTools {
  const tools = createTestTools({ maxConcurrency });
  onTestFinished(() => tools.close());
  return tools;
}

/** @param plan answers a request, given how many came before it */
export async function openUpstream(
  plan: (request: AskedRequest, before: number) => FarAnswer | "reset" | Promise<FarAnswer | "reset">,
): Promise<FarSide> {
  let before = -1;
  const farSide = await startFarSide((request) => {
    before += 1;
    return plan(request, before);
  });
  onTestFinished(() => farSide.close());
  return farSide;
}

/** Limits of a call that has its whole time before it. */
export function limitsOf(tools: Pick<ClientTools, "now">, leftMs = 8_000): CallLimits {
  return { signal: new AbortController().signal, deadlineAt: tools.now() + leftMs };
}

/** A call of an imaginary service that answers with whatever it is told: its status, or the failure. */
export type Caller = (limits: CallLimits) => Promise<number | FailedCall>;

export function createCaller(auth: HuaweiAuthOptions, service: FarSide, tools: ClientTools): Caller {
  const { baseUrl } = service;
  const account: HuaweiAccount = {
    provider: "test",
    baseUrl,
    aliases: [],
    maxWaitingIds: 1,
    statusOverrides: {},
    projectId,
    auth,
  };
  const tokenTroubleCodes = new Set(["TEST.0013"]);
  const huawei = createHuaweiAuth(account, { upstream: "Huawei Test", tokenTroubleCodes }, tools);
  const request = { method: "GET", url: `${baseUrl}/v1/things`, headers: {} } as const;
  const judge = ({ response }: HuaweiReply): { value: number } => ({ value: response.status });
  return (limits) => huawei.send<number>({ limits, request, judge });
}

export function problemOf(answer: number | FailedCall): FailedCall["problem"] | null {
  return typeof answer === "number" ? null : answer.problem;
}
