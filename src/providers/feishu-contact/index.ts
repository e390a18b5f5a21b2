import { z } from "zod";
import type { Provider } from "../provider.ts";
import { type AccountOptions, commonAccountShape, secretText } from "../shared/account-options.ts";
import type { Secret } from "../shared/secret.ts";
import { createFeishuContactClient } from "./client.ts";
import { keepsFeishuItem } from "./items.ts";

export interface FeishuContactAccount extends AccountOptions {
  /** A self-built application; the vendor refuses store applications here. */
  readonly appId: string;
  readonly appSecret: Secret;
  /** Body codes that mean "no such task": the vendor documents none. */
  readonly notFoundCodes: readonly number[];
}

/** Samples are 32 hex digits, which is stated nowhere as a rule. */
const taskIdPattern = /^[0-9A-Za-z_-]{1,128}$/;

export const feishuContact: Provider<FeishuContactAccount> = {
  id: "feishu-contact",
  provider: "FEISHU_CONTACT",
  typename: "FeishuContactTask",
  limits: {
    attemptTimeoutMs: 3_000,
    startConcurrency: 16,
    pollFloorSeconds: 5,
    pollCapSeconds: 60,
  },
  reads: [{ name: "get", maxIdsPerCall: 1, brings: ["items"] }],
  probeId: "00000000000000000000000000000000",
  facets: { items: ["items"] },
  pagedLists: { items: { keeps: keepsFeishuItem } },
  accountSchema: z.strictObject({
    provider: z.literal("feishu-contact"),
    ...commonAccountShape,
    // Every id is a call, so this bounds large reads. From the vendor's Python SDK, text for code 99991400.
    rateLimit: commonAccountShape.rateLimit.default({ perSecond: 50, perMinute: 1000 }),
    appId: z.string().min(1),
    appSecret: secretText,
    notFoundCodes: z.array(z.int()).default([]),
  }),
  parseUpstreamId: (text) => (taskIdPattern.test(text) ? { upstreamId: text, scope: "", localId: text } : null),
  createClient: createFeishuContactClient,
};
