import { describe, expect, it } from "vitest";
import { FOREIGN_REGION_PROJECT, SUB_PROJECT } from "../../src/sandbox/huawei-directory.ts";
import { createDrsJobs, DRS_STATUSES } from "../../src/sandbox/huawei-drs-jobs.ts";
import { PLANTED_DRS_SECRETS } from "../../src/sandbox/huawei-drs-rows.ts";
import { identityOf } from "../../src/sandbox/huawei-identity.ts";
import { upstream as drsModule } from "../../src/sandbox/upstreams/huawei-drs.ts";
import { createEnvironment, createRequest, fieldsOf, PROJECT_ID, readSample, rowsOf } from "./huawei-requests.ts";

const HOUR_MS = 3_600_000;
const ALL = { cur_page: 1, per_page: 100 };
const SAMPLE_IDS = ["9a470239-2308-4bb5-a6bc-1040402fjb21", "dc67695a-ee3e-49b8-a022-a099bd81jb21"];
const UNKNOWN_IDS = ["11111111-2222-4333-8444-55555555jb21", "11111111-2222-4333-8444-55555556jb21"];
const [UNKNOWN_ID = ""] = UNKNOWN_IDS;

type Read = "batch-status" | "batch-progress" | "batch-detail";

function setUp() {
  const clock = { nowMs: Date.UTC(2026, 0, 2, 3, 4, 5) };
  const environment = createEnvironment(clock);
  const drs = drsModule.create(environment);
  const identity = identityOf(environment);
  const tokenFor = (projectId: string) =>
    identity.issueToken({ projectId, expiresAtMs: clock.nowMs + 10_000 * HOUR_MS });
  const token = tokenFor(PROJECT_ID);
  const post = (read: string, body: unknown, headers: Record<string, string> = {}, projectId = PROJECT_ID) =>
    drs.respond(
      createRequest({
        method: "POST",
        path: `/v3/${projectId}/jobs/${read}`,
        headers: { "content-type": "application/json", "x-auth-token": token, ...headers },
        body,
      }),
    );
  const ask = (ids: readonly string[], read: Read = "batch-status") => post(read, { jobs: ids, page_req: ALL });
  const idsOf = (count: number) =>
    drs
      .tasks()
      .slice(2, 2 + count)
      .map(({ upstreamId }) => upstreamId);
  const set = (switches: Record<string, unknown>) => void Object.assign(drs.switches, switches);
  return { clock, drs, identity, tokenFor, post, ask, idsOf, set };
}

const codeOf = (answer: { status: number; body?: unknown }) => `${answer.status} ${fieldsOf(answer.body).error_code}`;
const idsIn = (answer: { body?: unknown }) => rowsOf(answer.body).map(({ id }) => id);

describe("batch-status", () => {
  it("is the vendor's sample, unchanged, for the sample's two ids", () => {
    expect(setUp().ask(SAMPLE_IDS)).toEqual({ status: 200, body: readSample("drs-batch-status"), taskIds: SAMPLE_IDS });
  });

  it("answers rows in the order of the request, with its own key names", () => {
    const { ask, idsOf } = setUp();
    const ids = idsOf(87).toReversed();

    const rows = rowsOf(ask(ids).body);

    expect(rows.map(({ id }) => id)).toEqual(ids);
    expect(new Set(rows.flatMap((row) => Object.keys(row)))).toEqual(
      new Set(["id", "status", "error_code", "error_message"]),
    );
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(DRS_STATUSES));
  });

  it("finds an id in any case and answers it in lower case", () => {
    const { ask, idsOf } = setUp();
    const ids = idsOf(1);
    const upper = ids.map((id) => id.toUpperCase());

    const answer = ask(upper);

    expect(idsIn(answer)).toEqual(ids);
    expect(answer.taskIds).toEqual(upper);
  });

  it("leaves out unknown ids, alone and among known ones", () => {
    const { ask, idsOf } = setUp();
    const ids = idsOf(2);

    const [alone, mixed] = [ask(UNKNOWN_IDS), ask([UNKNOWN_ID, ...ids])];

    expect(alone).toMatchObject({ status: 200, body: { results: [], count: 0 } });
    expect(mixed.status).toBe(200);
    expect(idsIn(mixed)).toEqual(ids);
  });

  it("leaves out jobs of another project", () => {
    const { ask, clock } = setUp();
    const jobs = createDrsJobs(clock.nowMs, readSample("drs-batch-status"));
    const id = jobs.find(({ projectId }) => projectId === SUB_PROJECT.id)?.id ?? "";

    expect(ask([id])).toMatchObject({ status: 200, body: { results: [] } });
  });
});

describe("pages of batch-status", () => {
  it.each([
    ["no page_req", undefined, 5],
    ["page_req null", null, 5],
    ["an empty page_req", {}, 5],
    ["only cur_page", { cur_page: 1 }, 5],
    ["per_page 0", { cur_page: 1, per_page: 0 }, 12],
    ["per_page 1", { per_page: 1 }, 1],
    ["per_page 100", { per_page: 100 }, 12],
    ["the last page", { cur_page: 3, per_page: 5 }, 2],
  ])("%s gives the right number of 12 rows", (_, page, count) => {
    const { post, idsOf } = setUp();

    const answer = post("batch-status", { jobs: idsOf(12), page_req: page });

    expect(answer).toMatchObject({ status: 200, body: { count } });
    expect(rowsOf(answer.body)).toHaveLength(count);
  });

  it("together hold every id once", () => {
    const { post, idsOf } = setUp();
    const ids = idsOf(12);

    const pages = [1, 2, 3].map((page) => idsIn(post("batch-status", { jobs: ids, page_req: { cur_page: page } })));

    expect(pages.flat()).toEqual(ids);
  });

  it("count unknown ids too, so that a page can be short", () => {
    const { post, idsOf } = setUp();
    const jobs = [...UNKNOWN_IDS, ...idsOf(5)];

    expect(idsIn(post("batch-status", { jobs }))).toEqual(idsOf(3));
  });

  it.each([
    [{ cur_page: 4, per_page: 5 }, "400 DRS.M00211"],
    [{ cur_page: 2, per_page: 0 }, "400 DRS.M00211"],
    [{ cur_page: 0, per_page: 5 }, "400 DRS.M00210"],
    [{ cur_page: -1, per_page: 5 }, "400 DRS.M00210"],
    [{ per_page: 101 }, "400 DRS.M00202"],
    [{ per_page: -1 }, "400 DRS.M00202"],
    [{ per_page: "5" }, "400 DRS.M00202"],
    [{ cur_page: 1.5 }, "400 DRS.M00202"],
    ["1", "400 DRS.M00202"],
    [[1, 5], "400 DRS.M00202"],
  ])("%j is refused with %s", (page, refusal) => {
    const { post, idsOf } = setUp();

    expect(codeOf(post("batch-status", { jobs: idsOf(12), page_req: page }))).toBe(refusal);
  });

  it("curPageZero all-rows answers everything for page 0", () => {
    const { post, idsOf, set } = setUp();
    set({ curPageZero: "all-rows" });

    const answer = post("batch-status", { jobs: idsOf(12), page_req: { cur_page: 0, per_page: 5 } });

    expect(idsIn(answer)).toEqual(idsOf(12));
  });

  it.each([0, 3, 100])("pageCap always-five gives five rows for per_page %d", (perPage) => {
    const { post, idsOf, set } = setUp();
    set({ pageCap: "always-five" });

    const answer = post("batch-status", { jobs: idsOf(12), page_req: { cur_page: 1, per_page: perPage } });

    expect(idsIn(answer)).toEqual(idsOf(5));
  });
});

describe("what DRS refuses", () => {
  it.each([
    ["not JSON", "{", "400 DRS.M00201"],
    ["no object", "[]", "400 DRS.M00201"],
    ["no jobs", {}, "400 DRS.M00201"],
    ["no array", { jobs: SAMPLE_IDS[0] }, "400 DRS.M00201"],
    ["empty jobs", { jobs: [] }, "400 DRS.M00201"],
    ["a number for an id", { jobs: [7] }, "400 DRS.M00200"],
    ["an id of another form", { jobs: ["job-1"] }, "400 DRS.M00200"],
    ["the same id twice", { jobs: [...SAMPLE_IDS, SAMPLE_IDS[0]] }, "400 DRS.M00301"],
    ["the same id in two cases", { jobs: [UNKNOWN_ID, UNKNOWN_ID.toUpperCase()] }, "400 DRS.M00301"],
  ])("%s", (_, body, refusal) => {
    const { post } = setUp();

    const refusals = ["batch-status", "batch-progress", "batch-detail"].map((read) => codeOf(post(read, body)));

    expect(refusals).toEqual([refusal, refusal, refusal]);
  });

  it("tells the ids of a refused call as they were written, duplicates included", () => {
    const jobs = [SAMPLE_IDS[0], SAMPLE_IDS[0], 7, UNKNOWN_ID];

    expect(setUp().post("batch-status", { jobs }).taskIds).toEqual([SAMPLE_IDS[0], SAMPLE_IDS[0], UNKNOWN_ID]);
  });

  it.each(["text/plain", "", "application/jsonp"])("the content type %j with 415", (contentType) => {
    expect(setUp().post("batch-status", { jobs: SAMPLE_IDS }, { "content-type": contentType }).status).toBe(415);
  });

  it("no charset in the content type", () => {
    const headers = { "content-type": "application/json;charset=utf-8" };

    expect(setUp().post("batch-status", { jobs: SAMPLE_IDS }, headers).status).toBe(200);
  });

  it.each([
    ["GET", `/v3/${PROJECT_ID}/jobs/batch-status`],
    ["POST", `/drs/v3/${PROJECT_ID}/jobs/batch-progress`],
    ["POST", `/v3/${PROJECT_ID}/jobs/batch-rpo-and-rto`],
    ["POST", `/v3/${PROJECT_ID}/jobs`],
    ["POST", `/v3/${PROJECT_ID}/jobs/toString`],
  ])("%s %s with 404 APIGW.0101", (method, path) => {
    expect(codeOf(setUp().drs.respond(createRequest({ method, path })))).toBe("404 APIGW.0101");
  });

  it.each([
    [{ "x-auth-token": "" }, "401 APIGW.0301", "x-auth-token not found"],
    [{ "x-auth-token": "made up" }, "401 APIGW.0301", "decrypt token fail"],
  ])("the headers %j with %s", (headers, refusal, text) => {
    const answer = setUp().post("batch-status", { jobs: SAMPLE_IDS }, headers);

    expect(codeOf(answer)).toBe(refusal);
    expect(fieldsOf(answer.body).error_msg).toContain(text);
  });

  it("a token of another project with 403 DRS.M00261, of another region with 401 APIGW.0307", () => {
    const { post, tokenFor } = setUp();
    const refusals = [SUB_PROJECT.id, FOREIGN_REGION_PROJECT.id].map((projectId) =>
      codeOf(post("batch-status", { jobs: SAMPLE_IDS }, { "x-auth-token": tokenFor(projectId) })),
    );

    expect(refusals).toEqual(["403 DRS.M00261", "401 APIGW.0307"]);
  });

  it("a project nobody knows with 403 DRS.M00261", () => {
    expect(codeOf(setUp().post("batch-status", { jobs: SAMPLE_IDS }, {}, "0000"))).toBe("403 DRS.M00261");
  });

  it("a missing or revoked token with 403 DRS.M00100 when so switched", () => {
    const { ask, identity, post, set } = setUp();
    set({ missingToken: "403 DRS.M00100", tokenTrouble: "403 DRS.M00100" });
    identity.revokeTokens();

    const missing = post("batch-status", { jobs: SAMPLE_IDS }, { "x-auth-token": "" });

    expect([codeOf(missing), codeOf(ask(SAMPLE_IDS))]).toEqual(["403 DRS.M00100", "403 DRS.M00100"]);
  });
});

describe("unknown ids, as switched", () => {
  it.each(["DRS.M00289", "DRS.M05004"])("alone are refused with 400, results and %s", (code) => {
    const { ask, set } = setUp();
    set({ unknownInStatus: code });

    expect(ask([UNKNOWN_ID])).toMatchObject({
      status: 400,
      body: { results: [{ id: UNKNOWN_ID, error_code: code, error_message: expect.any(String) }], count: 1 },
    });
  });

  it.each(["DRS.M00289", "DRS.M05004"])("are left out beside known ones with %s", (code) => {
    const { ask, idsOf, set } = setUp();
    set({ unknownInStatus: code });

    const answer = ask([...idsOf(2), UNKNOWN_ID]);

    expect(answer.status).toBe(200);
    expect(idsIn(answer)).toEqual(idsOf(2));
  });

  it("are rows with a code and no status for error-row", () => {
    const { ask, idsOf, set } = setUp();
    set({ unknownInStatus: "error-row" });

    const answer = ask([UNKNOWN_ID, ...idsOf(1)]);

    const [row] = rowsOf(answer.body);
    expect(answer.status).toBe(200);
    expect(row).toMatchObject({ id: UNKNOWN_ID, error_code: "DRS.M00289" });
    expect(row).not.toHaveProperty("status");
  });

  it("are DELETED for deleted", () => {
    const { ask, set } = setUp();
    set({ unknownInStatus: "deleted" });

    expect(ask([UNKNOWN_ID])).toMatchObject({
      status: 200,
      body: { results: [{ id: UNKNOWN_ID, status: "DELETED" }] },
    });
  });

  it.each([
    ["400-with-results", [UNKNOWN_ID, "known"]],
    ["400-with-unknown-rows", [UNKNOWN_ID]],
  ])("among known ones refuse the whole call for %s", (mixedIds, expected) => {
    const { ask, idsOf, set } = setUp();
    set({ mixedIds });

    const answer = ask([UNKNOWN_ID, ...idsOf(1)]);

    expect(answer.status).toBe(400);
    expect(idsIn(answer)).toEqual(expected.map((id) => (id === "known" ? idsOf(1)[0] : id)));
    expect(fieldsOf(answer.body)).not.toHaveProperty("error_code");
  });

  it("among known ones leave only a code for 400-without", () => {
    const { ask, idsOf, set } = setUp();
    set({ mixedIds: "400-without" });

    const answer = ask([UNKNOWN_ID, ...idsOf(1)]);

    expect(codeOf(answer)).toBe("400 DRS.M00289");
    expect(fieldsOf(answer.body)).not.toHaveProperty("results");
  });

  it.each(["400-with-results", "400-with-unknown-rows", "400-without"])(
    "%s leaves calls of one kind of ids alone",
    (mixedIds) => {
      const { ask, idsOf, set } = setUp();
      set({ mixedIds });

      expect([ask(idsOf(3)).status, ask(UNKNOWN_IDS).status]).toEqual([200, 200]);
    },
  );
});

describe("rows, as switched", () => {
  it("rowOrder reversed turns them round", () => {
    const { ask, idsOf, set } = setUp();
    set({ rowOrder: "reversed" });

    expect(idsIn(ask(idsOf(6)))).toEqual(idsOf(6).toReversed());
  });

  it("rowOrder shuffled gives each seed an order of its own, the same every time", () => {
    const { ask, idsOf, set } = setUp();
    const order = (shuffleSeed: number) => {
      set({ rowOrder: "shuffled", shuffleSeed });
      return idsIn(ask(idsOf(20)));
    };

    const [first, again, other] = [order(1), order(1), order(2)];

    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(first).not.toEqual(idsOf(20));
    expect(first.toSorted()).toEqual(idsOf(20).toSorted());
  });

  it("dropIds leaves rows out and nothing else", () => {
    const { ask, idsOf, set } = setUp();
    const [first = "", second = "", third = ""] = idsOf(3);
    set({ dropIds: [second] });

    const answer = ask([first, second, third]);

    expect(answer.status).toBe(200);
    expect(idsIn(answer)).toEqual([first, third]);
  });

  it("doubleRows repeats every row at the end with another status", () => {
    const { ask, set } = setUp();
    set({ doubleRows: true });

    const answer = ask(SAMPLE_IDS);

    expect(idsIn(answer)).toEqual([...SAMPLE_IDS, ...SAMPLE_IDS]);
    expect(rowsOf(answer.body).map(({ status }) => status)).toEqual([
      "INCRE_TRANSFER_STARTED",
      "INCRE_TRANSFER_FAILED",
      "CREATING",
      "CREATING",
    ]);
  });

  it("foreignRows puts rows that nobody asked for first", () => {
    const { ask, idsOf, set } = setUp();
    set({ foreignRows: 2 });

    const ids = idsIn(ask(idsOf(3)));

    expect(ids.slice(2)).toEqual(idsOf(3));
    expect(ids.slice(0, 2).filter((id) => idsOf(3).includes(String(id)))).toEqual([]);
  });

  it.each(["FROZEN", "", 7, null, true, { text: "x" }, ["x"]])("statusOverrides answers %j as it is", (raw) => {
    const { ask, idsOf, set } = setUp();
    const [id = ""] = idsOf(1);
    set({ statusOverrides: { [id]: raw } });

    const statuses = [ask([id]), ask([id], "batch-progress"), ask([id], "batch-detail")].map(({ body }) => {
      const [row = {}] = rowsOf(body);
      return "transfer_status" in row ? row.transfer_status : row.status;
    });

    expect(statuses).toEqual([raw, raw, raw]);
  });

  it("rowPatches replaces keys of one row", () => {
    const { ask, set } = setUp();
    set({ rowPatches: { [String(SAMPLE_IDS[0])]: { error_code: "DRS.M1", status: undefined } } });

    expect(rowsOf(ask(SAMPLE_IDS).body)).toEqual([
      { id: SAMPLE_IDS[0], error_code: "DRS.M1" },
      { id: SAMPLE_IDS[1], status: "INCRE_TRANSFER_FAILED" },
    ]);
  });

  it("pausedSpelling changes PAUSING on the wire and in the tasks held", () => {
    const { ask, drs, set } = setUp();
    const id = drs.tasks().find(({ rawStatus }) => rawStatus === "PAUSING")?.upstreamId ?? "";

    set({ pausedSpelling: "PAUSEING" });

    expect(rowsOf(ask([id]).body)).toEqual([{ id, status: "PAUSEING" }]);
    expect(drs.tasks().find(({ upstreamId }) => upstreamId === id)?.rawStatus).toBe("PAUSEING");
  });

  it("count request-total counts the ids of the request instead of the rows", () => {
    const { post, idsOf, set } = setUp();
    const body = { jobs: [...idsOf(6), UNKNOWN_ID] };

    const rows = fieldsOf(post("batch-status", body).body).count;
    set({ count: "request-total" });
    const total = fieldsOf(post("batch-status", body).body).count;

    expect([rows, total]).toEqual([5, 7]);
  });
});

describe("whole calls, as switched", () => {
  it("poisonIds refuse any call that carries one of them, with the code that is set", () => {
    const { ask, idsOf, post, set } = setUp();
    const [healthy = "", poison = ""] = idsOf(2);
    set({ poisonIds: [poison] });

    const byDefault = [ask([healthy, poison.toUpperCase()]), ask([poison]), ask([healthy])];
    const offThePage = post("batch-status", { jobs: [healthy, poison], page_req: { per_page: 1 } });
    set({ poisonCode: "400 DRS.M00305" });

    expect(byDefault.slice(0, 2).map(codeOf)).toEqual(["400 DRS.M00202", "400 DRS.M00202"]);
    expect(byDefault[2]?.status).toBe(200);
    expect(codeOf(offThePage)).toBe("400 DRS.M00202");
    expect(codeOf(ask([poison], "batch-progress"))).toBe("400 DRS.M00305");
  });

  it.each([
    [1, 2, "400 DRS.M00299"],
    [3, 4, "400 DRS.M00202"],
  ])("idLimit %d refuses %d ids with %s", (idLimit, count, refusal) => {
    const { ask, idsOf, set } = setUp();
    set({ idLimit });

    expect(ask(idsOf(idLimit)).status).toBe(200);
    expect(codeOf(ask(idsOf(count)))).toBe(refusal);
  });

  it("refuseWith answers as many calls as told, whoever asks", () => {
    const { ask, post, set } = setUp();
    set({ refuseWith: { status: 202, body: { error_code: "DRS.M01504" }, headers: { "Retry-After": "1" }, calls: 2 } });

    const answers = [ask(SAMPLE_IDS), post("batch-status", {}, { "x-auth-token": "" }), ask(SAMPLE_IDS)];

    expect(answers.map(({ status }) => status)).toEqual([202, 202, 200]);
    expect(answers[0]).toMatchObject({ headers: { "Retry-After": "1" }, taskIds: SAMPLE_IDS });
  });

  it("refuseWith without a number answers all calls until it is switched off", () => {
    const { ask, set } = setUp();

    set({ refuseWith: { status: 500 } });
    const during = [ask(SAMPLE_IDS), ask(SAMPLE_IDS), ask(SAMPLE_IDS)].map(({ status }) => status);
    set({ refuseWith: null });

    expect(during).toEqual([500, 500, 500]);
    expect(ask(SAMPLE_IDS).status).toBe(200);
  });

  it.each([
    ["429 APIGW.0308", { "Retry-After": "2" }],
    ["400 DRS.M01503", undefined],
    ["202 DRS.M01504", undefined],
  ])("throttle answers %s", (throttleAnswer, headers) => {
    const { ask, set } = setUp();
    set({ throttle: { perSecond: 1, retryAfterSeconds: 2 }, throttleAnswer });

    const [first, second] = [ask(SAMPLE_IDS), ask(SAMPLE_IDS)];

    expect(first.status).toBe(200);
    expect(codeOf(second)).toBe(throttleAnswer);
    expect(second.headers).toEqual(headers);
  });

  it("have their defaults again after a reset", () => {
    const { drs, set } = setUp();
    const before = { ...drs.switches };
    set({ dropIds: ["a"], throttle: { perSecond: 0 }, mixedIds: "400-without", poisonIds: ["b"] });

    drs.reset();

    expect(drs.switches).toEqual(before);
  });
});

describe("batch-progress", () => {
  it("has its own key names, texts for values, and no pages", () => {
    const { idsOf, post } = setUp();

    const answer = post("batch-progress", { jobs: idsOf(30), page_req: { cur_page: 9, per_page: 1 } });

    const rows = rowsOf(answer.body);
    expect(answer).toMatchObject({ status: 200, taskIds: idsOf(30) });
    expect(rows.map((row) => row.job_id)).toEqual(idsOf(30));
    expect(rows.filter((row) => "id" in row || "status" in row || "error_message" in row)).toEqual([]);
    for (const row of rows) {
      expect(row).toMatchObject({
        progress: expect.stringMatching(/^(\d{1,2}|100)$/),
        incre_trans_delay: expect.stringMatching(/^(-1|\d+)$/),
        task_mode: expect.stringMatching(/^(FULL_TRANS|INCR_TRANS|FULL_INCR_TRANS)$/),
        transfer_status: expect.any(String),
        process_time: expect.stringMatching(/^\d+$/),
        progress_map: { data: { completed: expect.stringMatching(/^\d+%$/) } },
      });
    }
  });

  it("tells why a job failed in error_code and error_msg", () => {
    const { drs, ask } = setUp();
    const failed = drs.tasks().filter(({ row }) => "error_code" in (row as object));

    const [row] = rowsOf(ask([failed[0]?.upstreamId ?? ""], "batch-progress").body);

    expect(row).toMatchObject({ error_code: expect.stringMatching(/^DRS\.M/), error_msg: expect.any(String) });
  });

  it("leaves unknown ids out, or gives them a row when so switched", () => {
    const { ask, set } = setUp();

    const byDefault = rowsOf(ask([UNKNOWN_ID], "batch-progress").body);
    set({ unknownInProgress: "error-row" });
    const switched = rowsOf(ask([UNKNOWN_ID], "batch-progress").body);

    expect(byDefault).toEqual([]);
    expect(switched).toEqual([{ job_id: UNKNOWN_ID, error_code: "DRS.M00289", error_msg: expect.any(String) }]);
  });

  it("answers 202 when so switched", () => {
    const { ask, set } = setUp();
    set({ progressStatus: 202 });

    expect([ask(SAMPLE_IDS, "batch-progress").status, ask(SAMPLE_IDS).status]).toEqual([202, 200]);
  });
});

describe("batch-detail", () => {
  it("holds times as texts and planted secrets in both endpoint objects", () => {
    const { ask, idsOf } = setUp();

    const rows = rowsOf(ask(idsOf(10), "batch-detail").body);

    expect(rows.map(({ id }) => id)).toEqual(idsOf(10));
    for (const row of rows) {
      expect(row).toMatchObject({
        create_time: expect.stringMatching(/^\d{13}$/),
        inst_info: { engine_type: "mysql" },
      });
      expect(JSON.stringify(row.source_endpoint)).toContain(PLANTED_DRS_SECRETS[0]);
      expect(JSON.stringify(row.target_endpoint)).toContain(PLANTED_DRS_SECRETS[1]);
      expect(JSON.stringify([row.source_endpoint, row.target_endpoint])).toContain(PLANTED_DRS_SECRETS[2]);
    }
  });

  it("refuses more than ten ids, unless the limit is lifted", () => {
    const { ask, idsOf, set } = setUp();

    const byDefault = ask(idsOf(11), "batch-detail");
    set({ detailIdLimit: null });
    const lifted = ask(idsOf(11), "batch-detail");

    expect(codeOf(byDefault)).toBe("400 DRS.M00202");
    expect(rowsOf(lifted.body)).toHaveLength(11);
  });

  it("gives pages of five when none is asked for", () => {
    const { post, idsOf } = setUp();

    expect(rowsOf(post("batch-detail", { jobs: idsOf(8) }).body)).toHaveLength(5);
  });

  it("refuses unknown ids with 400 and results by default, and leaves them out when so switched", () => {
    const { ask, set } = setUp();

    const byDefault = ask([UNKNOWN_ID], "batch-detail");
    set({ unknownInDetail: "left-out" });
    const switched = ask([UNKNOWN_ID], "batch-detail");

    expect(byDefault).toMatchObject({ status: 400, body: { results: [{ id: UNKNOWN_ID, error_code: "DRS.M00289" }] } });
    expect(switched).toMatchObject({ status: 200, body: { results: [] } });
  });

  it("looseTypes gives numbers for times", () => {
    const { ask, idsOf, set } = setUp();
    set({ looseTypes: true });

    const [row] = rowsOf(ask(idsOf(1), "batch-detail").body);

    expect(row).toMatchObject({ create_time: expect.any(Number), is_target_readonly: true });
  });
});

describe("the jobs of the emulated DRS", () => {
  it("are at least two hundred, each once, over all 29 statuses, with ids that are no UUIDs", () => {
    const tasks = setUp().drs.tasks();
    const ids = tasks.map(({ upstreamId }) => upstreamId);

    expect(DRS_STATUSES).toHaveLength(29);
    expect(tasks.length).toBeGreaterThanOrEqual(200);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[0-9a-z]{8}(-[0-9a-z]{4}){3}-[0-9a-z]{7,8}jb[0-9a-z]{2,3}$/.test(id))).toEqual([]);
    expect(ids.filter((id) => id.length !== 36)).toEqual([]);
    expect(DRS_STATUSES.filter((status) => !tasks.some(({ rawStatus }) => rawStatus === status))).toEqual([]);
    expect(new Set(tasks.map(({ account }) => account))).toEqual(new Set(["drs-prod"]));
  });

  it("are held as they are answered", () => {
    const { ask, drs } = setUp();
    const tasks = drs.tasks();

    const rows = [0, 100, 200].flatMap((from) =>
      rowsOf(ask(tasks.slice(from, from + 100).map(({ upstreamId }) => upstreamId)).body),
    );

    expect(rows).toEqual(tasks.map(({ row }) => row));
  });

  it("live on the clock, go through several statuses, and never leave the end", () => {
    const { clock, drs } = setUp();
    const histories = new Map<string, string[]>();
    for (let step = 0; step < 800; step += 1) {
      for (const { upstreamId, rawStatus } of drs.tasks()) {
        const history = histories.get(upstreamId) ?? [];
        if (history.at(-1) !== rawStatus) histories.set(upstreamId, [...history, rawStatus]);
      }
      clock.nowMs += 60_000;
    }

    const moved = [...histories.values()].filter((history) => history.length > 1);
    const afterEnd = moved.filter((history) => {
      const end = history.findIndex((status) => /^RELEASE_.*_COMPLETE$/.test(status));
      return end !== -1 && end < history.length - 1;
    });

    expect(moved.length).toBeGreaterThan(50);
    expect(moved.some((history) => history.length >= 4)).toBe(true);
    expect(afterEnd).toEqual([]);
  });

  it("have example ids that exist, the sample's first", () => {
    const { drs } = setUp();
    const held = new Set(drs.tasks().map(({ account, upstreamId }) => `${account}:${upstreamId}`));

    expect(drs.exampleIds.slice(0, 2)).toEqual(SAMPLE_IDS.map((id) => `drs-prod:${id}`));
    expect(drs.exampleIds.filter((id) => !held.has(id))).toEqual([]);
  });
});
