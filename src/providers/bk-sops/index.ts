import { z } from "zod";
import type { Provider } from "../provider.ts";
import { type AccountOptions, commonAccountShape, secretText } from "../shared/account-options.ts";
import type { Secret } from "../shared/secret.ts";
import { readObject } from "../shared/wire-values.ts";
import { createBkSopsClient } from "./client.ts";
import { keepsSopsNode } from "./nodes.ts";

export interface BkSopsAccount extends AccountOptions {
  /** `esb`: the legacy form, where the base address is the host alone and credentials travel in the body. */
  readonly style: "gateway" | "esb";
  readonly appCode: string;
  readonly appSecret: Secret;
  /** Who asks: exactly one of the three is given. */
  readonly username?: string | undefined;
  readonly accessToken?: Secret | undefined;
  readonly bkToken?: Secret | undefined;
}

/** A business or project, and a task of it. The server ends in HTTP 500 for a whole call when an id is not a number. */
const taskIdPattern = /^((?:project-)?[1-9][0-9]{0,18})\/([1-9][0-9]{0,18})$/;

export const bkSops: Provider<BkSopsAccount> = {
  id: "bk-sops",
  provider: "BK_SOPS",
  typename: "SopsTask",
  limits: {
    // The server refuses 51 (gcloud/apigw/views/get_tasks_status.py); its English page says "fewer than 50".
    attemptTimeoutMs: 5_000,
    startConcurrency: 8,
    // The server keeps its answers for 10 s.
    pollFloorSeconds: 10,
    pollCapSeconds: 60,
  },
  reads: [{ name: "status", maxIdsPerCall: 50, brings: ["children"] }],
  probeId: "1/1",
  facets: { children: ["nodes", "hasIgnoredErrors"] },
  pagedLists: { nodes: { keeps: keepsSopsNode } },
  accountSchema: z
    .strictObject({
      provider: z.literal("bk-sops"),
      ...commonAccountShape,
      style: z.enum(["gateway", "esb"]).default("gateway"),
      appCode: z.string().min(1).max(32),
      appSecret: secretText,
      username: z.string().min(1).optional(),
      accessToken: secretText.optional(),
      bkToken: secretText.optional(),
    })
    .refine(hasOneUser, {
      error: "needs exactly one of username, accessToken, bkToken",
      // Told beside the problems of other keys, too.
      when: ({ value }) => readObject(value) !== null,
    }),
  parseUpstreamId: (text) => {
    const [, scope, localId] = taskIdPattern.exec(text) ?? [];
    return scope && localId ? { upstreamId: text, scope, localId } : null;
  },
  createClient: createBkSopsClient,
};

function hasOneUser({
  username,
  accessToken,
  bkToken,
}: Pick<BkSopsAccount, "username" | "accessToken" | "bkToken">): boolean {
  return [username, accessToken, bkToken].filter((user) => user !== undefined).length === 1;
}
