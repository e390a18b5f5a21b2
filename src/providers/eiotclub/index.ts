import { z } from "zod";
import type { Provider } from "../provider.ts";
import { type AccountOptions, commonAccountShape, secretText } from "../shared/account-options.ts";
import type { Secret } from "../shared/secret.ts";
import { createEiotclubClient } from "./client.ts";
import { configurableProblemCodes } from "./errors.ts";

export interface EiotclubAccount extends AccountOptions {
  readonly appKey: string;
  readonly secret: Secret;
  /** Body codes that mean success; sources disagree on more than "200". */
  readonly successCodes: readonly string[];
  /** What a body code outside the built-in table means, or another meaning for one inside it. */
  readonly errorCodes: Readonly<Record<string, (typeof configurableProblemCodes)[number]>>;
}

/** Ids travel in one comma-separated text, so an id with a comma would ask for other tasks. */
const taskIdPattern = /^[0-9A-Za-z_-]{1,64}$/;

export const eiotclub: Provider<EiotclubAccount> = {
  id: "eiotclub",
  provider: "EIOTCLUB",
  typename: "EiotclubTask",
  limits: {
    attemptTimeoutMs: 3_000,
    startConcurrency: 8,
    pollFloorSeconds: 5,
    pollCapSeconds: 60,
  },
  reads: [{ name: "query", maxIdsPerCall: 100, brings: [] }],
  probeId: "0",
  facets: {},
  pagedLists: {},
  accountSchema: z.strictObject({
    provider: z.literal("eiotclub"),
    ...commonAccountShape,
    // docs.aovis.app, an integrator's notes; the vendor's own limit is not known.
    rateLimit: commonAccountShape.rateLimit.default({ perSecond: 10 }),
    appKey: z.string().min(1),
    secret: secretText,
    successCodes: z.array(z.string()).nonempty().default(["200"]),
    errorCodes: z.record(z.string(), z.enum(configurableProblemCodes)).default({}),
  }),
  parseUpstreamId: (text) => (taskIdPattern.test(text) ? { upstreamId: text, scope: "", localId: text } : null),
  createClient: createEiotclubClient,
};
