import { z } from "zod";
import { type HuaweiAccount, huaweiAccountShape } from "../huawei-auth/account.ts";
import type { Provider } from "../provider.ts";
import { createDrsClient } from "./client.ts";

export interface DrsAccount extends HuaweiAccount {
  readonly language: "en-us" | "zh-cn";
}

/** Not a UUID: the last group of real ids ends in `jb` and two or three letters or digits. */
const jobIdPattern = /^[0-9A-Za-z]{8}(-[0-9A-Za-z]{4}){3}-[0-9A-Za-z]{12}$/;

export const huaweiDrs: Provider<DrsAccount> = {
  id: "huawei-drs",
  provider: "HUAWEI_DRS",
  typename: "DrsJob",
  limits: {
    attemptTimeoutMs: 5_000,
    startConcurrency: 8,
    pollFloorSeconds: 30,
    pollCapSeconds: 120,
  },
  reads: [
    // The vendor states no limit; a page holds at most 100.
    { name: "batch-status", maxIdsPerCall: 100, brings: [] },
    { name: "batch-progress", maxIdsPerCall: 100, brings: ["progress"] },
    // The vendor's advice.
    { name: "batch-detail", maxIdsPerCall: 10, brings: ["detail"] },
  ],
  probeId: "00000000-0000-0000-0000-00000000jb00",
  facets: {
    progress: ["progress", "taskMode", "replicationDelayMs", "phases"],
    detail: ["name", "createdAt", "startedAt", "finishedAt", "elapsedSeconds", "engineType", "direction"],
  },
  pagedLists: {},
  accountSchema: z.strictObject({
    provider: z.literal("huawei-drs"),
    ...huaweiAccountShape,
    language: z.enum(["en-us", "zh-cn"]).default("en-us"),
  }),
  parseUpstreamId(text) {
    if (!jobIdPattern.test(text)) return null;
    const id = text.toLowerCase();
    return { upstreamId: id, scope: "", localId: id };
  },
  createClient: createDrsClient,
};
