import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { problemOf } from "../../support/client-tools.ts";
import type { AskedRequest, FarAnswer } from "../../support/far-side.ts";
import { all, askedIds, fetchJobs, jobIds, openAccount, outcomes, page, rowOf } from "./account.ts";

const running = "INCRE_TRANSFER_STARTED";

/** Knows these jobs, gives at most so many rows, and leaves the others out. */
function answerWith(known: readonly string[], rowsPerAnswer: number): (request: AskedRequest) => FarAnswer {
  return (request) =>
    page(
      askedIds(request)
        .slice(0, rowsPerAnswer)
        .filter((id) => known.includes(id))
        .map((id) => rowOf(id)),
    );
}

function refusedRow(id: string, errorCode = "DRS.M00289"): Record<string, unknown> {
  return { id, error_code: errorCode, error_message: "The job does not exist." };
}

describe("jobs that an answer leaves out", () => {
  it.each([
    [12, 3],
    [5, 1],
    [6, 2],
    [100, 20],
  ])("are asked for again: %i jobs at five rows an answer take %i calls", async (count, calls) => {
    const ids = jobIds(count);
    const account = await openAccount(answerWith(ids, 5));

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual(all(ids, running));
    expect(account.asked).toHaveLength(calls);
    for (const request of account.asked) {
      expect(JSON.parse(request.body)).toMatchObject({ page_req: { cur_page: 1, per_page: 100 } });
      expect(new Set(askedIds(request)).size).toBe(askedIds(request).length);
    }
    expect(new Set(account.asked.slice(1).flatMap(askedIds))).not.toContain(ids[0]);
  });

  it("do not exist when asking for them alone brings no row", async () => {
    const ids = jobIds(12);
    const account = await openAccount((request) =>
      page(
        askedIds(request)
          .filter((id) => ids.indexOf(id) < 10)
          .map((id) => rowOf(id)),
      ),
    );

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual({ ...all(ids, running), ...all(ids.slice(10), "NOT_FOUND") });
    expect(account.asked.map(askedIds)).toEqual([ids, ids.slice(10)]);
  });

  it.each<[string, unknown]>([
    ["no row", []],
    ["null for rows", null],
  ])("do not exist when the first answer has %s", async (_case, results) => {
    const ids = jobIds(3);
    const account = await openAccount(() => ({ body: { results, count: 0 } }));

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual(all(ids, "NOT_FOUND"));
    expect(account.asked).toHaveLength(1);
  });

  it.each([
    [6, 1 + 2],
    [100, 1 + 20],
  ])("%i of them, all unknown, are believed to be so five at a time: %i calls", async (count, calls) => {
    const ids = jobIds(count);
    const account = await openAccount(() => page([]));

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual(all(ids, "NOT_FOUND"));
    expect(account.asked).toHaveLength(calls);
  });

  it("are believed to be unknown at once by an upstream that was seen to answer more than five", async () => {
    const ids = jobIds(106);
    const account = await openAccount(answerWith(ids.slice(0, 6), 100));
    await fetchJobs(account, ids.slice(0, 6));

    const answer = await fetchJobs(account, ids.slice(6));

    expect(outcomes(answer)).toEqual(all(ids.slice(6), "NOT_FOUND"));
    expect(account.asked).toHaveLength(2);
  });

  it("are found although five unknown ones before them leave a cut answer without a row", async () => {
    const ids = jobIds(20);
    const known = ids.slice(8);
    const account = await openAccount(answerWith(known, 5));

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual({ ...all(ids, "NOT_FOUND"), ...all(known, running) });
    expect(account.asked.length).toBeLessThanOrEqual(24);
  });

  it("are found likewise by an upstream that begins to cut its answers later on", async () => {
    const ids = jobIds(30);
    let rowsPerAnswer = 100;
    const account = await openAccount((request) => answerWith(ids.slice(5), rowsPerAnswer)(request));
    await fetchJobs(account, ids.slice(10));
    rowsPerAnswer = 5;
    await fetchJobs(account, ids.slice(10));

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual({ ...all(ids, running), ...all(ids.slice(0, 5), "NOT_FOUND") });
  });

  it("are not called unknown by an answer that has only foreign rows", async () => {
    const ids = jobIds(3);
    const account = await openAccount(() => page([rowOf("00000000-0000-0000-0000-00000000jb99")]));

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual(all(ids, "NOT_RETURNED"));
    expect(account.asked).toHaveLength(1);
  });

  it("are not called unknown by an empty answer to more jobs than the upstream was seen to answer", async () => {
    const ids = jobIds(30);
    const unknown = ids.slice(10, 15);
    const known = ids.filter((id) => !unknown.includes(id));
    const account = await openAccount(answerWith(known, 5));

    const answer = await fetchJobs(account, ids);
    const next = await fetchJobs(account, [...unknown, ...known.slice(0, 5)]);

    expect(outcomes(answer)).toEqual({ ...all(known, running), ...all(unknown, "NOT_FOUND") });
    expect(outcomes(next)).toEqual({ ...all(known.slice(0, 5), running), ...all(unknown, "NOT_FOUND") });
    expect(account.asked).toHaveLength(7 + 3);
  });

  it("do not take the places of others when they were left out from the first page", async () => {
    const ids = jobIds(30);
    const known = ids.slice(4);
    const account = await openAccount(answerWith(known, 5));

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual({ ...all(ids, "NOT_FOUND"), ...all(known, running) });
    expect(account.asked).toHaveLength(7);
  });

  it("are NOT_RETURNED when 24 calls did not suffice", async () => {
    const ids = jobIds(30);
    const account = await openAccount(answerWith(ids, 1));

    const answer = await fetchJobs(account, ids);

    expect(account.asked).toHaveLength(24);
    const found = Object.values(outcomes(answer));
    expect(found.filter((outcome) => outcome === running)).toHaveLength(24);
    expect(found.filter((outcome) => outcome === "NOT_RETURNED")).toHaveLength(6);
  });

  it("share the failure of the call that asked for them, and spare the others", async () => {
    const ids = jobIds(12);
    const page5 = answerWith(ids, 5);
    const account = await openAccount((request) =>
      askedIds(request).length === 12 ? page5(request) : { status: 500 },
    );

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual({ ...all(ids, "UPSTREAM_UNAVAILABLE"), ...all(ids.slice(0, 5), running) });
  });

  it("are not asked for any further once DRS is asked too often", async () => {
    const ids = jobIds(8);
    const account = await openAccount((request) => {
      if (askedIds(request).length < 8) return { status: 429 };
      return { status: 400, body: { results: [refusedRow(ids[0] ?? "")] } };
    });

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual({ ...all(ids, "RATE_LIMITED"), ...all(ids.slice(0, 1), "NOT_FOUND") });
    expect(account.asked).toHaveLength(2);
  });
});

describe("an HTTP 400 that holds results", () => {
  it.each(["DRS.M00289", "DRS.M05004"])("answers the job of a row with %s", async (errorCode) => {
    const [id = ""] = jobIds(1);
    const account = await openAccount(() => ({
      status: 400,
      body: { results: [refusedRow(id, errorCode)], count: 1 },
    }));

    const answer = await fetchJobs(account, [id]);

    expect(outcomes(answer)).toEqual({ [id]: "NOT_FOUND" });
    expect(account.asked).toHaveLength(1);
  });

  it("answers known and unknown jobs in one call when it has a row for each", async () => {
    const ids = jobIds(4);
    const [unknown = "", ...known] = ids;
    const results = [refusedRow(unknown), ...known.map((id) => rowOf(id))];
    const account = await openAccount(() => ({ status: 400, body: { error_code: "DRS.M00289", results } }));

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual({ ...all(known, running), [unknown]: "NOT_FOUND" });
    expect(account.asked).toHaveLength(1);
  });

  it("is followed by the rest in halves, then singles", async () => {
    const ids = jobIds(9);
    const unknown = new Set([ids[0], ids[6]]);
    const account = await openAccount((request) => {
      const asked = askedIds(request);
      const firstUnknown = asked.find((id) => unknown.has(id));
      if (firstUnknown === undefined) return page(asked.map((id) => rowOf(id)));
      return { status: 400, body: { results: [refusedRow(firstUnknown)] } };
    });

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual({ ...all(ids, running), ...all([...unknown].map(String), "NOT_FOUND") });
    expect(account.asked.map(askedIds)).toEqual([ids, ids.slice(1, 5), ids.slice(5, 9), [ids[5], ids[7]], [ids[8]]]);
  });

  it("is a refusal like any other when no row is about the jobs", async () => {
    const ids = jobIds(2);
    const foreign = refusedRow("00000000-0000-0000-0000-00000000jb99");
    const account = await openAccount(() => ({ status: 400, body: { error_code: "DRS.M00289", results: [foreign] } }));

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual(all(ids, "NOT_FOUND"));
    expect(account.asked.map(askedIds)).toEqual([ids, ids.slice(0, 1), ids.slice(1)]);
  });
});

describe("a call that fails because of one job", () => {
  it("is divided within the 24 calls of its batch, also when answers are cut", async () => {
    const ids = jobIds(100);
    const unknown = new Set([3, 47, 90].map((index) => ids[index]));
    const account = await openAccount((request) => {
      const asked = askedIds(request);
      if (asked.some((id) => unknown.has(id))) return { status: 400, body: { error_code: "DRS.M00289" } };
      return page(asked.slice(0, 5).map((id) => rowOf(id)));
    });

    const answer = outcomes(await fetchJobs(account, ids));

    expect(account.asked).toHaveLength(24);
    expect(Object.keys(answer)).toHaveLength(100);
    for (const [id, outcome] of Object.entries(answer)) {
      expect(["NOT_RETURNED", unknown.has(id) ? "NOT_FOUND" : running]).toContain(outcome);
    }
  });

  it("costs no other job its answer", async () => {
    const ids = jobIds(100);
    const unknown = ids[42] ?? "";
    const account = await openAccount((request) =>
      askedIds(request).includes(unknown)
        ? { status: 400, body: { error_code: "DRS.M00289" } }
        : page(askedIds(request).map((id) => rowOf(id))),
    );

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual({ ...all(ids, running), [unknown]: "NOT_FOUND" });
    expect(account.asked.length).toBeLessThanOrEqual(1 + 14);
  });

  it("keeps its reason, worth asking again, for the jobs that 24 calls did not reach", async () => {
    const ids = jobIds(100);
    const account = await openAccount(() => ({ status: 400, body: { error_code: "DRS.M00201" } }));

    const answer = await fetchJobs(account, ids);

    expect(new Set(Object.values(outcomes(answer)))).toEqual(new Set(["UPSTREAM_ERROR"]));
    expect(problemOf(answer, ids[0] ?? "")).toMatchObject({ retryable: true, upstreamCode: "DRS.M00201" });
    expect(account.asked).toHaveLength(24);
  });
});

describe("an upstream that takes one job per call", () => {
  const singlesOnly = (request: AskedRequest): FarAnswer => {
    const asked = askedIds(request);
    return asked.length > 1 ? { status: 400, body: { error_code: "DRS.M00299" } } : page(asked.map((id) => rowOf(id)));
  };

  it("is asked singly", async () => {
    const ids = jobIds(12);
    const account = await openAccount(singlesOnly);

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual(all(ids, running));
    expect(account.asked.map((request) => askedIds(request).length)).toEqual([12, ...Array(12).fill(1)]);
  });

  it("is not asked more than 24 times for a batch", async () => {
    const ids = jobIds(40);
    const account = await openAccount(singlesOnly);

    const answer = await fetchJobs(account, ids);

    expect(account.asked).toHaveLength(24);
    expect(outcomes(answer)).toEqual({ ...all(ids, "NOT_RETURNED"), ...all(ids.slice(0, 23), running) });
  });
});

describe("any upstream of DRS", () => {
  it("gets each job answered by what it holds for it, or by a problem, in at most 24 calls", async () => {
    const ids = jobIds(30);
    const upstream = fc.record({
      unknown: fc.subarray(ids),
      rowsPerAnswer: fc.constantFrom(5, 100),
      reversed: fc.boolean(),
      doubled: fc.boolean(),
      unknownAs: fc.constantFrom("left out", "row", "400"),
    });
    await fc.assert(
      fc.asyncProperty(upstream, fc.subarray(ids, { minLength: 1 }), async (plan, batch) => {
        const account = await openAccount((request) => {
          const asked = askedIds(request).slice(0, plan.rowsPerAnswer);
          const rows = asked.filter((id) => !plan.unknown.includes(id)).map((id) => rowOf(id, `S-${id.slice(24)}`));
          const unknown = asked.filter((id) => plan.unknown.includes(id)).map((id) => refusedRow(id));
          const results = plan.unknownAs === "left out" ? rows : [...rows, ...unknown];
          if (plan.reversed) results.reverse();
          if (plan.doubled) results.push(...results);
          return { status: plan.unknownAs === "400" && unknown.length > 0 ? 400 : 200, body: { results } };
        });

        const answer = outcomes(await fetchJobs(account, batch));

        expect(Object.keys(answer).toSorted()).toEqual(batch.toSorted());
        for (const [id, outcome] of Object.entries(answer)) {
          const truth = plan.unknown.includes(id) ? "NOT_FOUND" : `S-${id.slice(24)}`;
          expect([truth, "NOT_RETURNED"]).toContain(outcome);
        }
        expect(account.asked.length).toBeLessThanOrEqual(24);
        expect(new Set(account.asked.flatMap(askedIds)).isSubsetOf(new Set(batch))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
