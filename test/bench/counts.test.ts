import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab, subjectNames } from "./lab.ts";
import { measure } from "./measure.ts";
import { type IdKind, minimumCalls } from "./workload.ts";

/** What the benchmark counts does not depend on the machine; what it times does, and is not looked at here. */

const interval = { warmUpMs: 0, measuredMs: 100 };

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
}, 60_000);

afterAll(() => lab.stop());

test.for(subjectNames)("%s takes the minimum of calls for one client's distinct ids", async (subject) => {
  for (const idsPerQuery of [1, 10, 100, 1000]) {
    const cell = { idsPerQuery, upstreamLatencyMs: 0, clients: 1, kind: "distinct" } as const;
    const { callsPerQuery, idsPerCall } = await measure(lab, subject, cell, interval);
    expect(callsPerQuery).toBe(minimumCalls(cell));
    expect(idsPerCall).toBe(idsPerQuery / minimumCalls(cell));
  }
});

test("the minimum is one call per hundred of eIoTClub's ids and per fifty of bk-sops'", () => {
  const minima = [1, 10, 100, 500, 1000].map((idsPerQuery) => minimumCalls({ idsPerQuery, kind: "distinct" }));
  expect(minima).toEqual([1, 2, 2, 7, 14]);
});

const keepingSubjectNames = ["floor", "subgraph"] as const;

test.for(keepingSubjectNames)("%s asks nobody for tasks that are known to have ended", async (subject) => {
  for (const idsPerQuery of [1, 10, 100, 1000]) {
    const cell = { idsPerQuery, upstreamLatencyMs: 0, clients: 4, kind: "terminal" } as const;
    const { queries, callsPerQuery } = await measure(lab, subject, cell, interval);
    expect(queries).toBeGreaterThan(0);
    expect(callsPerQuery).toBe(0);
  }
});

test.for(keepingSubjectNames)("%s asks for the half that is not known, and for no more", async (subject) => {
  for (const idsPerQuery of [10, 1000]) {
    const cell = { idsPerQuery, upstreamLatencyMs: 0, clients: 1, kind: "half-terminal" } as const;
    const { callsPerQuery, idsPerCall } = await measure(lab, subject, cell, interval);
    expect(callsPerQuery).toBe(minimumCalls({ idsPerQuery: idsPerQuery / 2, kind: "distinct" }));
    expect(callsPerQuery * idsPerCall).toBeCloseTo(idsPerQuery / 2);
  }
});

test("subgraph asks nobody for what another replica was told", async ({ skip }) => {
  skip(!lab.sharingSubjects, "no Redis at REDIS_URL or on port 6379, and none that could be started");
  const cell = { idsPerQuery: 100, upstreamLatencyMs: 0, clients: 1, kind: "shared-terminal" } as const;
  // Its first answer is told to the others in the background.
  await expect
    .poll(async () => (await measure(lab, "subgraph", cell, interval)).callsPerQuery, { timeout: 15_000 })
    .toBe(0);
});

test("answers are counted by where they are from", async () => {
  const cell = { idsPerQuery: 10, upstreamLatencyMs: 0, clients: 1 } as const;
  const sourcesOf = async (kind: IdKind) => (await measure(lab, "subgraph", { ...cell, kind }, interval)).sources;
  expect(await sourcesOf("distinct")).toEqual({ UPSTREAM: 1 });
  expect(await sourcesOf("terminal")).toEqual({ CACHE: 1 });
  expect(await sourcesOf("half-terminal")).toEqual({ UPSTREAM: 0.5, CACHE: 0.5 });
});
