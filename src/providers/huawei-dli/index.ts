import { z } from "zod";
import { type HuaweiAccount, huaweiAccountShape } from "../huawei-auth/account.ts";
import type { Provider } from "../provider.ts";
import { createDliClient } from "./client.ts";

export type DliAccount = HuaweiAccount;

/** The documented pattern: the id becomes part of the path. */
const batchIdPattern = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

export const huaweiDli: Provider<DliAccount> = {
  id: "huawei-dli",
  provider: "HUAWEI_DLI",
  typename: "DliBatchJob",
  limits: {
    attemptTimeoutMs: 3_000,
    startConcurrency: 16,
    pollFloorSeconds: 5,
    pollCapSeconds: 60,
  },
  reads: [
    { name: "state", maxIdsPerCall: 1, brings: [] },
    { name: "batch", maxIdsPerCall: 1, brings: ["detail", "owner", "log"] },
  ],
  probeId: "00000000-0000-0000-0000-000000000000",
  facets: {
    detail: ["name", "createdAt", "finishedAt", "applicationId", "queue", "kind", "updatedAt"],
    // Kept apart, because they are kept only for who selects them: personal data, and lines that may hold anything.
    owner: ["owner"],
    log: ["logTail"],
  },
  pagedLists: {},
  accountSchema: z.strictObject({ provider: z.literal("huawei-dli"), ...huaweiAccountShape }),
  parseUpstreamId(text) {
    if (!batchIdPattern.test(text)) return null;
    const id = text.toLowerCase();
    return { upstreamId: id, scope: "", localId: id };
  },
  createClient: createDliClient,
};
