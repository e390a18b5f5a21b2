import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab, subjectNames } from "./lab.ts";
import { measure } from "./measure.ts";
import { minimumCalls } from "./workload.ts";

/** What the benchmark counts does not depend on the machine; what it times does, and is not looked at here. */

const interval = { warmUpMs: 0, measuredMs: 100 };

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
}, 60_000);

afterAll(() => lab.stop());

test.for(subjectNames)("%s takes the minimum of calls for one client's distinct ids", async (subject) => {
  for (const idsPerQuery of [1, 10, 100, 1000]) {
    const cell = { idsPerQuery, upstreamLatencyMs: 0, clients: 1, overlap: "distinct" } as const;
    const { callsPerQuery, idsPerCall } = await measure(lab, subject, cell, interval);
    expect(callsPerQuery).toBe(minimumCalls(idsPerQuery));
    expect(idsPerCall).toBe(idsPerQuery / minimumCalls(idsPerQuery));
  }
});

test("the minimum is one call per hundred of eIoTClub's ids and per fifty of bk-sops'", () => {
  expect([1, 10, 100, 500, 1000].map(minimumCalls)).toEqual([1, 2, 2, 7, 14]);
});
