import { z } from "zod";
import type { StatusOverride } from "../../tasks/status-table.ts";
import { taskStatuses } from "../../tasks/task.ts";
import { Secret } from "./secret.ts";

/** What every account of every provider may say. */
export interface AccountOptions {
  readonly provider: string;
  /** No trailing slash. */
  readonly baseUrl: string;
  readonly aliases: readonly string[];
  readonly maxIdsPerCall?: number | undefined;
  readonly maxConcurrentCalls?: number | undefined;
  /** Beyond that many, ids that wait for their call are refused. */
  readonly maxWaitingIds: number;
  readonly rateLimit?: { readonly perSecond?: number | undefined; readonly perMinute?: number | undefined } | undefined;
  readonly timeoutMs?: number | undefined;
  readonly statusOverrides: Readonly<Record<string, StatusOverride>>;
}

/** A text that must never be shown. */
export const secretText = z
  .string()
  .min(1)
  .regex(/^\P{Cc}*$/u, "must not hold line breaks or other control characters")
  .transform((text) => new Secret(text));

/** An absolute http or https address; a trailing slash is dropped, so that paths can be appended. */
export const baseUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ""));

export const accountNamePattern = /^[a-z][a-z0-9-]{0,62}$/;

const statusOverride = z.strictObject({
  status: z.enum(taskStatuses),
  isTerminal: z.boolean(),
  needsAttention: z.boolean(),
});

/** Keys that every provider's account schema begins with. */
export const commonAccountShape = {
  baseUrl,
  aliases: z.array(z.string().regex(accountNamePattern)).default([]),
  maxIdsPerCall: z.int().positive().optional(),
  maxConcurrentCalls: z.int().positive().max(512).optional(),
  maxWaitingIds: z.int().positive().default(10_000),
  rateLimit: z
    .strictObject({ perSecond: z.number().positive().optional(), perMinute: z.number().positive().optional() })
    .optional(),
  timeoutMs: z.int().min(100).max(60_000).optional(),
  statusOverrides: z.record(z.string(), statusOverride).default({}),
};
