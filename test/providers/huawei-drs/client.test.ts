import { describe, expect, it } from "vitest";
import type { DrsJobState } from "../../../src/providers/huawei-drs/normalize.ts";
import sample from "../../../src/sandbox/samples/drs-batch-status.json" with { type: "json" };
import { failureOf, problemOf, stateOf, testStartAt } from "../../support/client-tools.ts";
import { all, fetchJobs, jobIds, openAccount, outcomes, page, rowOf } from "./account.ts";

const sampleIds = sample.results.map(({ id }) => id);
const [one = ""] = jobIds(1);
const two = jobIds(2);

describe("a DRS call", () => {
  it("asks for all jobs at once, with its page named, and signs the body", async () => {
    const account = await openAccount(() => ({ body: sample }));

    const answer = await fetchJobs(account, sampleIds);

    const [request] = account.asked;
    expect(account.asked).toHaveLength(1);
    expect(request).toMatchObject({ method: "POST", path: "/v3/p1/jobs/batch-status" });
    expect(JSON.parse(request?.body ?? "")).toEqual({ jobs: sampleIds, page_req: { cur_page: 1, per_page: 100 } });
    expect(request?.headers).toMatchObject({
      "content-type": "application/json",
      "x-language": "en-us",
      "x-project-id": "p1",
    });
    expect(request?.headers.authorization).toContain(
      "SignedHeaders=content-type;host;x-language;x-project-id;x-sdk-date,",
    );
    expect(request?.headers).not.toHaveProperty("x-sdk-content-sha256");
    expect(stateOf<DrsJobState>(answer, sampleIds[0] ?? "")).toMatchObject({ status: "RUNNING", projectId: "p1" });
    expect(stateOf(answer, sampleIds[1] ?? "")).toMatchObject({ status: "FAILED", isTerminal: false });
    expect(answer).toMatchObject({ kind: "answered", observedAt: testStartAt, foreignRows: 0 });
  });

  it("asks in the language of the account", async () => {
    const account = await openAccount(() => page([rowOf(one)]), { language: "zh-cn" });

    await fetchJobs(account, [one]);

    expect(account.asked[0]?.headers["x-language"]).toBe("zh-cn");
  });

  it("assigns rows by id: order, repeats, foreign rows and letter case make no difference", async () => {
    const ids = jobIds(4);
    const rows = [
      rowOf("00000000-0000-0000-0000-00000000jb99", "DELETED"),
      ...ids.toReversed().map((id, index) => rowOf(index % 2 === 0 ? id.toUpperCase() : ` ${id}`, `S${index}`)),
      ...ids.map((id) => rowOf(id, "REPEATED")),
      { status: "NO_ID" },
      { id: 7, status: "NUMBER" },
      null,
      "text",
    ];
    const account = await openAccount(() => page(rows));

    const answer = await fetchJobs(account, ids);

    expect(outcomes(answer)).toEqual(Object.fromEntries(ids.map((id, index) => [id, `S${3 - index}`])));
    expect(answer).toMatchObject({ foreignRows: 5 });
    expect(account.asked).toHaveLength(1);
  });

  it.each([202, 201, 200])("takes HTTP %i for success", async (status) => {
    const account = await openAccount(() => ({ status, body: { results: [rowOf(one)] } }));

    const answer = await fetchJobs(account, [one]);

    expect(outcomes(answer)).toEqual({ [one]: "INCRE_TRANSFER_STARTED" });
  });

  it.each([[{ status: "CREATING" }], [{ id: null, status: "CREATING" }], [{ id: "", status: "CREATING" }]])(
    "takes the row %j without an id for the only job that was asked for",
    async (row) => {
      const account = await openAccount(() => page([row]));

      const answer = await fetchJobs(account, [one]);

      expect(outcomes(answer)).toEqual({ [one]: "CREATING" });
    },
  );

  it("does not guess which of several jobs a row without an id is about", async () => {
    const account = await openAccount(() => page([{ status: "CREATING" }]));

    const answer = await fetchJobs(account, two);

    expect(outcomes(answer)).toEqual(all(two, "NOT_RETURNED"));
  });

  it("shows the reason that a row gives beside its status", async () => {
    const reason = { error_code: "DRS.M08001", error_message: "Connection lost." };
    const account = await openAccount(() => page([{ ...rowOf(one, "INCRE_TRANSFER_FAILED"), ...reason }]));

    const answer = await fetchJobs(account, [one]);

    expect(stateOf(answer, one).failure).toEqual({
      code: "DRS.M08001",
      message: "Connection lost.",
      recoverable: true,
    });
  });

  it.each<[string, unknown]>([
    ["nothing", ""],
    ["HTML", "<html></html>"],
    ["a list", []],
    ["no results", { count: 0 }],
    ["results of another type", { results: "none" }],
    ["half an answer", '{"results":[{"id":'],
  ])("does not take %s for an answer, and asks once more", async (_case, body) => {
    const account = await openAccount(() => ({ body }));

    const { problem } = failureOf(await fetchJobs(account, two));

    expect(problem).toMatchObject({ code: "UPSTREAM_MALFORMED", retryable: true });
    expect(account.asked).toHaveLength(2);
  });

  it.each<[string, unknown]>([
    ["neither status nor code", {}],
    ["a null status", { status: null }],
    ["a blank status", { status: " " }],
    ["a boolean status", { status: true }],
    ["a list for a status", { status: ["CREATING"] }],
  ])("cannot read a row with %s, and answers the others", async (_case, values) => {
    const [broken = "", good = ""] = two;
    const account = await openAccount(() => page([{ id: broken, ...(values as object) }, rowOf(good)]));

    const answer = await fetchJobs(account, two);

    expect(outcomes(answer)).toEqual({ [broken]: "UPSTREAM_MALFORMED", [good]: "INCRE_TRANSFER_STARTED" });
  });

  it("shows a number for a status as a word that nobody knows", async () => {
    const account = await openAccount(() => page([{ id: one, status: 42 }]));

    const answer = await fetchJobs(account, [one]);

    expect(stateOf(answer, one)).toMatchObject({ status: "UNKNOWN", rawStatus: { value: "42" } });
  });
});

describe("a row of DRS that has a code and no status", () => {
  it.each<[string, string, boolean]>([
    ["DRS.M05003", "NOT_FOUND", false],
    ["DRS.M05004", "NOT_FOUND", false],
    ["DRS.M00289", "NOT_FOUND", false],
    ["DRS-M00289", "NOT_FOUND", false],
    ["DRS.M00002", "NOT_FOUND", false],
    ["DRS.M00103", "FORBIDDEN", false],
    ["DRS.M01503", "RATE_LIMITED", true],
    ["DRS.M01504", "UPSTREAM_UNAVAILABLE", true],
    ["DRS.M00004", "UPSTREAM_UNAVAILABLE", true],
    ["DRS.M00201", "INVALID_ID", false],
    ["DRS.M99999", "UPSTREAM_ERROR", false],
    ["constructor", "UPSTREAM_ERROR", false],
    ["APIGW.0308", "RATE_LIMITED", true],
    ["APIG.0302", "FORBIDDEN", false],
  ])("%s is %s for that job alone", async (errorCode, code, retryable) => {
    const [refused = "", good = ""] = two;
    const row = { id: refused, error_code: errorCode, error_message: "planted-text" };
    const account = await openAccount(() => page([row, rowOf(good)]));

    const answer = await fetchJobs(account, two);

    expect(problemOf(answer, refused)).toMatchObject({ code, retryable, upstreamCode: errorCode });
    expect(problemOf(answer, refused).message).not.toContain("planted-text");
    expect(stateOf(answer, good).status).toBe("RUNNING");
    expect(account.asked).toHaveLength(1);
  });
});

describe("a refusal of DRS", () => {
  it.each<[number, string, string, boolean, number]>([
    [400, "DRS.M05003", "NOT_FOUND", false, 1],
    [400, "DRS.M05004", "NOT_FOUND", false, 1],
    [400, "DRS.M00289", "NOT_FOUND", false, 1],
    [400, "DRS-M00289", "NOT_FOUND", false, 1],
    [422, "DRS.M00002", "NOT_FOUND", false, 1],
    [403, "DRS.M00100", "AUTH_FAILED", false, 1],
    [401, "DRS.M00103", "FORBIDDEN", false, 1],
    [403, "DRS.M00102", "FORBIDDEN", false, 1],
    [404, "DRS.M00101", "FORBIDDEN", false, 1],
    [400, "DRS.M00105", "FORBIDDEN", false, 1],
    [403, "DRS.M00261", "FORBIDDEN", false, 1],
    [400, "DRS.M01503", "RATE_LIMITED", true, 1],
    [202, "DRS.M01504", "UPSTREAM_UNAVAILABLE", true, 3],
    [500, "DRS.M00004", "UPSTREAM_UNAVAILABLE", true, 3],
    [422, "DRS.M00004", "UPSTREAM_UNAVAILABLE", true, 3],
    [422, "DRS.M01501", "UPSTREAM_UNAVAILABLE", true, 3],
    [400, "DRS.M00210", "UPSTREAM_ERROR", false, 1],
    [400, "DRS.M00211", "UPSTREAM_ERROR", false, 1],
    [400, "DRS.M00301", "UPSTREAM_ERROR", false, 1],
    [400, "DRS.M00299", "UPSTREAM_ERROR", false, 1],
    [400, "DRS.M00007", "INVALID_ID", false, 1],
    [400, "DRS.M00200", "INVALID_ID", false, 1],
    [400, "DRS.M00201", "INVALID_ID", false, 1],
    [400, "DRS.M00202", "INVALID_ID", false, 1],
    [400, "DRS.M00300", "INVALID_ID", false, 1],
    [400, "DRS.M00305", "INVALID_ID", false, 1],
    [429, "DRS.M00289", "RATE_LIMITED", true, 1],
    [400, "DRS.M77777", "UPSTREAM_ERROR", false, 1],
    [401, "DRS.M77777", "UPSTREAM_ERROR", false, 1],
    [403, "DRS.M77777", "UPSTREAM_ERROR", false, 1],
    [404, "DRS.M77777", "UPSTREAM_ERROR", false, 1],
    [408, "DRS-M77777", "UPSTREAM_ERROR", false, 1],
    [500, "DRS.M77777", "UPSTREAM_ERROR", true, 3],
    [503, "DRS.M77777", "UPSTREAM_ERROR", true, 3],
    [504, "DRS.M77777", "UPSTREAM_ERROR", true, 3],
    [200, "DRS.M77777", "UPSTREAM_ERROR", false, 1],
    [400, "constructor", "UPSTREAM_ERROR", false, 1],
    [400, "__proto__", "UPSTREAM_ERROR", false, 1],
    [200, "toString", "UPSTREAM_ERROR", false, 1],
    [404, "APIGW.0101", "UPSTREAM_ERROR", false, 1],
    [403, "APIG.0302", "FORBIDDEN", false, 1],
  ])("of one job, HTTP %i with %s, is %s", async (status, errorCode, code, retryable, requests) => {
    const body = { error_code: errorCode, error_msg: "planted-text" };
    const account = await openAccount(() => ({ status, body }));

    const { problem, divisible } = failureOf(await fetchJobs(account, [one]));

    expect(problem).toMatchObject({ code, retryable, upstreamCode: errorCode });
    expect(problem.message).not.toContain("planted-text");
    expect(divisible).toBe(false);
    expect(account.asked).toHaveLength(requests);
  });

  it.each<[number, string, string]>([
    [400, "DRS.M00289", "NOT_FOUND"],
    [400, "DRS.M05004", "NOT_FOUND"],
    [422, "DRS.M00002", "NOT_FOUND"],
    [400, "DRS.M00007", "INVALID_ID"],
    [400, "DRS.M00201", "INVALID_ID"],
    [400, "DRS.M77777", "UPSTREAM_ERROR"],
    [400, "", "UPSTREAM_ERROR"],
  ])("of several jobs, HTTP %i with %j, that one can be the cause of is asked for in halves", async (...row) => {
    const [status, errorCode, code] = row;
    const [refused = "", good = ""] = two;
    const account = await openAccount((request) =>
      request.body.includes(refused) ? { status, body: { error_code: errorCode } } : page([rowOf(good)]),
    );

    const answer = await fetchJobs(account, two);

    expect(outcomes(answer)).toEqual({ [refused]: code, [good]: "INCRE_TRANSFER_STARTED" });
    expect(account.asked).toHaveLength(3);
  });

  it.each<[number, string, string, number]>([
    [400, "DRS.M00301", "UPSTREAM_ERROR", 1],
    [400, "DRS.M00105", "FORBIDDEN", 1],
    [400, "DRS.M01503", "RATE_LIMITED", 1],
    [400, "APIGW.0201", "UPSTREAM_ERROR", 1],
    [403, "DRS.M00261", "FORBIDDEN", 1],
    [404, "", "UPSTREAM_ERROR", 1],
    [415, "", "UPSTREAM_ERROR", 1],
    [500, "DRS.M77777", "UPSTREAM_ERROR", 3],
  ])("of several jobs, HTTP %i with %j, that is not about one of them is %s", async (...row) => {
    const [status, errorCode, code, requests] = row;
    const account = await openAccount(() => ({ status, body: { error_code: errorCode } }));

    const { problem, divisible } = failureOf(await fetchJobs(account, two));

    expect([problem.code, divisible]).toEqual([code, false]);
    expect(account.asked).toHaveLength(requests);
  });

  it.each<[number, string, boolean, number]>([
    [401, "AUTH_FAILED", false, 1],
    [403, "FORBIDDEN", false, 1],
    [404, "UPSTREAM_ERROR", false, 1],
    [408, "TIMEOUT", true, 3],
    [415, "UPSTREAM_ERROR", false, 1],
    [429, "RATE_LIMITED", true, 1],
    [500, "UPSTREAM_UNAVAILABLE", true, 3],
    [502, "UPSTREAM_UNAVAILABLE", true, 3],
    [503, "UPSTREAM_UNAVAILABLE", true, 3],
    [504, "TIMEOUT", true, 3],
  ])("HTTP %i without a code is %s", async (status, code, retryable, requests) => {
    const account = await openAccount(() => ({ status, body: "<html>proxy</html>" }));

    const { problem } = failureOf(await fetchJobs(account, two));

    expect(problem).toMatchObject({ code, retryable, upstreamCode: null });
    expect(account.asked).toHaveLength(requests);
  });

  it.each<[number, Record<string, string>, number]>([
    [400, {}, 1_000],
    [400, { "retry-after": "9" }, 9_000],
    [429, {}, 2_000],
    [429, { "retry-after": "9" }, 9_000],
  ])("for asking too often, HTTP %i with %j, names the time to wait", async (status, headers, waitMs) => {
    const account = await openAccount(() => ({ status, headers, body: { error_code: "DRS.M01503" } }));

    const { problem } = failureOf(await fetchJobs(account, two));

    expect(problem).toMatchObject({ code: "RATE_LIMITED", retryAfterAt: testStartAt + waitMs });
  });

  it("under HTTP 200 is heard although the answer has results", async () => {
    const body = { error_code: "DRS.M00102", results: [rowOf(one)] };
    const account = await openAccount(() => ({ body }));

    const { problem } = failureOf(await fetchJobs(account, [one]));

    expect(problem.code).toBe("FORBIDDEN");
  });
});
