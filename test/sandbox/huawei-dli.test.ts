import { describe, expect, it } from "vitest";
import { FOREIGN_REGION_PROJECT, SUB_PROJECT } from "../../src/sandbox/huawei-directory.ts";
import { PLANTED_DLI_SECRETS } from "../../src/sandbox/huawei-dli-batch.ts";
import { createDliJobs, DLI_STATES, SEED_BATCH_ID } from "../../src/sandbox/huawei-dli-jobs.ts";
import { identityOf } from "../../src/sandbox/huawei-identity.ts";
import { upstream as dliModule } from "../../src/sandbox/upstreams/huawei-dli.ts";
import { createEnvironment, createRequest, fieldsOf, PROJECT_ID, readSample } from "./huawei-requests.ts";

const HOUR_MS = 3_600_000;
const UNKNOWN_ID = "11111111-2222-4333-8444-555555555555";

function setUp() {
  const clock = { nowMs: Date.UTC(2026, 0, 2, 3, 4, 5) };
  const environment = createEnvironment(clock);
  const dli = dliModule.create(environment);
  const identity = identityOf(environment);
  const tokenFor = (projectId: string) =>
    identity.issueToken({ projectId, expiresAtMs: clock.nowMs + 10_000 * HOUR_MS });
  const headers = { "x-auth-token": tokenFor(PROJECT_ID) };
  const get = (path: string, sent: Record<string, string> = headers) =>
    dli.respond(createRequest({ path, headers: sent }));
  const stateOf = (id: string) => get(`/v2.0/${PROJECT_ID}/batches/${id}/state`);
  const detailOf = (id: string) => get(`/v2.0/${PROJECT_ID}/batches/${id}`);
  const idIn = (state: string) => dli.tasks().find((task) => task.rawStatus === state)?.upstreamId ?? "";
  return { clock, dli, identity, tokenFor, get, stateOf, detailOf, idIn };
}

describe("the state of a batch", () => {
  it("is the vendor's sample, unchanged, for the sample's id", () => {
    expect(setUp().stateOf(SEED_BATCH_ID)).toEqual({
      status: 200,
      body: readSample("dli-state"),
      taskIds: [SEED_BATCH_ID],
    });
  });

  it.each(DLI_STATES)("%s is lower case", (state) => {
    const { stateOf, idIn } = setUp();

    expect(stateOf(idIn(state))).toMatchObject({ status: 200, body: { id: idIn(state), state } });
  });

  it("is found by the id in any case, and taskIds tells the id as it was sent", () => {
    const { stateOf, idIn } = setUp();
    const id = idIn("running");

    expect(stateOf(id.toUpperCase())).toMatchObject({ status: 200, body: { id }, taskIds: [id.toUpperCase()] });
  });

  it("of an unknown id is 404 DLI.0023", () => {
    expect(setUp().stateOf(UNKNOWN_ID)).toMatchObject({
      status: 404,
      body: { error_code: "DLI.0023", error_msg: expect.any(String) },
      taskIds: [UNKNOWN_ID],
    });
  });

  it.each([
    ["400 DLI.0002", 400, "DLI.0002"],
    ["400 DLI.0001", 400, "DLI.0001"],
  ])("of an unknown id is %s when so switched", (unknownId, status, code) => {
    const { dli, stateOf } = setUp();
    dli.switches.unknownId = unknownId;

    expect(stateOf(UNKNOWN_ID)).toMatchObject({ status, body: { error_code: code } });
  });

  it.each(["7", "0a324461d9d945daa52a3b3c7a3d809e", `${UNKNOWN_ID}0`, "%2e%2e", "%"])(
    "of the malformed id %s is 400 DLI.0001",
    (id) => {
      expect(setUp().stateOf(id)).toMatchObject({ status: 400, body: { error_code: "DLI.0001" } });
    },
  );

  it("of a job of another project is that of an unknown id, or 400 DLI.0016 when so switched", () => {
    const { clock, dli, get, stateOf, tokenFor } = setUp();
    const id = createDliJobs(clock.nowMs).find(({ projectId }) => projectId === SUB_PROJECT.id)?.id ?? "";

    const byDefault = stateOf(id);
    dli.switches.otherProjectJob = "400 DLI.0016";
    const switched = stateOf(id);
    const atHome = get(`/v2.0/${SUB_PROJECT.id}/batches/${id}/state`, { "x-auth-token": tokenFor(SUB_PROJECT.id) });

    expect(byDefault).toMatchObject({ status: 404, body: { error_code: "DLI.0023" } });
    expect(switched).toMatchObject({ status: 400, body: { error_code: "DLI.0016" } });
    expect(atHome).toMatchObject({ status: 200, body: { id, state: "running" } });
  });
});

describe("switches of the emulated DLI", () => {
  it("stateCase capitalises as the sample does", () => {
    const { dli, stateOf, idIn } = setUp();
    const id = idIn("recovering");

    dli.switches.stateCase = "capitalised";

    expect(stateOf(id).body).toEqual({ id, state: "Recovering" });
  });

  it("seedFixture off makes the sample's id unknown", () => {
    const { dli, stateOf } = setUp();

    dli.switches.seedFixture = false;

    expect(stateOf(SEED_BATCH_ID).status).toBe(404);
    expect(dli.tasks().some(({ upstreamId }) => upstreamId === SEED_BATCH_ID)).toBe(false);
  });

  it("successRecordLifeMs forgets jobs that succeeded that long ago, and no others", () => {
    const { clock, dli, stateOf } = setUp();
    const inState = (state: string) => dli.tasks().filter(({ rawStatus }) => rawStatus === state).length;
    const before = dli.tasks();

    dli.switches.successRecordLifeMs = 6 * HOUR_MS;
    const forgotten = before.filter(({ upstreamId }) => stateOf(upstreamId).status === 404);
    const [deadBefore, deadAfter] = [before.filter(({ rawStatus }) => rawStatus === "dead").length, inState("dead")];
    clock.nowMs += 1000 * HOUR_MS;

    expect(forgotten.length).toBeGreaterThan(0);
    expect(forgotten.every(({ rawStatus }) => rawStatus === "success")).toBe(true);
    expect(deadAfter).toBe(deadBefore);
    expect(inState("success")).toBe(0);
  });

  it.each([
    ["idField", "dropped", { state: "running" }],
    ["stateField", "dropped", { id: "ID" }],
    ["idField", "foreign", { id: "ffffffff-0000-4000-a000-ffffffffffff", state: "running" }],
    ["unknownKeys", true, { id: "ID", state: "running", is_success: true, trace: { region: "sandbox" } }],
  ])("%s %s gives %j", (name, value, expected) => {
    const { dli, stateOf, idIn } = setUp();
    const id = idIn("running");

    dli.switches[name] = value;

    expect(stateOf(id).body).toEqual("id" in expected && expected.id === "ID" ? { ...expected, id } : expected);
  });

  it("idField upper-case answers the id in another case", () => {
    const { dli, stateOf, idIn } = setUp();
    const id = idIn("running");

    dli.switches.idField = "upper-case";

    expect(stateOf(id).body).toEqual({ id: id.toUpperCase(), state: "running" });
  });

  it("deadRecovers brings back dead jobs with auto recovery only", () => {
    const { dli } = setUp();
    const dead = dli.tasks().filter(({ rawStatus }) => rawStatus === "dead");

    dli.switches.deadRecovers = true;
    const states = new Map(dli.tasks().map(({ upstreamId, rawStatus }) => [upstreamId, rawStatus]));
    const after = dead.map(({ upstreamId }) => states.get(upstreamId));

    expect(new Set(after)).toEqual(new Set(["recovering", "dead"]));
  });

  it.each([42, null, { nested: true }, "cancelled", ""])("statusOverrides answers the state %j as it is", (raw) => {
    const { dli, stateOf, idIn } = setUp();
    const id = idIn("running");

    dli.switches.statusOverrides = { [id]: raw };

    expect(stateOf(id).body).toEqual({ id, state: raw });
  });

  it("throttle refuses what is past the limit of one second with the documented text", () => {
    const { clock, dli, stateOf } = setUp();
    dli.switches.throttle = { perSecond: 2, retryAfterSeconds: 4 };

    const answers = Array.from({ length: 3 }, () => stateOf(SEED_BATCH_ID));
    clock.nowMs += 1000;
    const later = stateOf(SEED_BATCH_ID);

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers[2]).toMatchObject({
      headers: { "Retry-After": "4" },
      body: {
        error_code: "APIGW.0308",
        error_msg: expect.stringContaining("policy user over ratelimit,limit:2,time:1 second"),
      },
    });
    expect(later.status).toBe(200);
  });

  it("throttle without a time to wait sends no Retry-After", () => {
    const { dli, stateOf } = setUp();

    dli.switches.throttle = { perSecond: 0, retryAfterSeconds: null };

    expect(stateOf(SEED_BATCH_ID)).toMatchObject({ status: 429, headers: {} });
  });

  it("refuseWith answers the next calls as told and still tells their ids", () => {
    const { dli, stateOf } = setUp();
    dli.switches.refuseWith = { status: 400, body: { error_code: "DLI.0999", error_msg: "server" }, calls: 1 };

    const [first, second] = [stateOf(SEED_BATCH_ID), stateOf(SEED_BATCH_ID)];

    expect(first).toMatchObject({ status: 400, body: { error_code: "DLI.0999" }, taskIds: [SEED_BATCH_ID] });
    expect(second.status).toBe(200);
  });

  it("are the defaults again after a reset", () => {
    const { dli } = setUp();
    const before = { ...dli.switches };
    Object.assign(dli.switches, { stateCase: "capitalised", refuseWith: { status: 500 }, statusOverrides: { a: 1 } });

    dli.reset();

    expect(dli.switches).toEqual(before);
  });
});

describe("who may ask the emulated DLI", () => {
  const path = `/v2.0/${PROJECT_ID}/batches/${SEED_BATCH_ID}/state`;

  it.each([
    ["no token", {}, "x-auth-token not found"],
    ["an unknown token", { "x-auth-token": "made up" }, "decrypt token fail"],
  ])("%s is 401 APIGW.0301", (_, headers, text) => {
    expect(setUp().get(path, headers as Record<string, string>)).toMatchObject({
      status: 401,
      body: { error_code: "APIGW.0301", error_msg: `Incorrect IAM authentication information: ${text}` },
      taskIds: [SEED_BATCH_ID],
    });
  });

  it("a token of another region is 401 APIGW.0307", () => {
    const { get, tokenFor } = setUp();

    expect(get(path, { "x-auth-token": tokenFor(FOREIGN_REGION_PROJECT.id) })).toMatchObject({
      status: 401,
      body: { error_code: "APIGW.0307" },
    });
  });

  it("a token of another project is 400 DLI.0016", () => {
    const { get, tokenFor } = setUp();

    expect(get(path, { "x-auth-token": tokenFor(SUB_PROJECT.id) })).toMatchObject({
      status: 400,
      body: { error_code: "DLI.0016" },
    });
  });

  it.each([
    ["401 DLI.0013", 401, "DLI.0013"],
    ["401 DLI.0014", 401, "DLI.0014"],
    ["400 DLI.0015", 400, "DLI.0015"],
  ])("a revoked token is %s when so switched", (tokenTrouble, status, code) => {
    const { dli, identity, stateOf } = setUp();
    dli.switches.tokenTrouble = tokenTrouble;

    identity.revokeTokens();

    expect(stateOf(SEED_BATCH_ID)).toMatchObject({ status, body: { error_code: code } });
  });

  it.each([
    ["GET", `/v2.0/${PROJECT_ID}/batches`],
    ["GET", `/v2.0/${PROJECT_ID}/batches/${SEED_BATCH_ID}/log`],
    ["GET", `/v1.0/${PROJECT_ID}/batches/${SEED_BATCH_ID}/state`],
    ["POST", path],
    ["DELETE", `/v2.0/${PROJECT_ID}/batches/${SEED_BATCH_ID}`],
  ])("%s %s is 404 APIGW.0101", (method, other) => {
    const answer = setUp().dli.respond(createRequest({ method, path: other }));

    expect(answer).toMatchObject({ status: 404, body: { error_code: "APIGW.0101", request_id: expect.any(String) } });
    expect(answer.taskIds).toBeUndefined();
  });
});

describe("the detail of a batch", () => {
  it("holds the state, times in milliseconds, and planted secrets in req_body and proxyUser", () => {
    const { detailOf, idIn } = setUp();
    const id = idIn("success");

    const answer = detailOf(id);

    const row = fieldsOf(answer.body);
    expect(answer).toMatchObject({ status: 200, taskIds: [id] });
    expect(row).toMatchObject({ id, kind: "spark", create_time: expect.any(Number), update_time: expect.any(Number) });
    expect(row.cluster_name).toBe(row.queue);
    expect(row).not.toHaveProperty("duration");
    expect(row.proxyUser).toBe(PLANTED_DLI_SECRETS[2]);
    expect(row.req_body).toContain(PLANTED_DLI_SECRETS[0]);
    expect(row.req_body).toContain(PLANTED_DLI_SECRETS[1]);
  });

  it("of the sample's id has the sample's state", () => {
    expect(setUp().detailOf(SEED_BATCH_ID).body).toMatchObject({ id: SEED_BATCH_ID, state: "Success" });
  });

  it.each([
    ["text", expect.any(String)],
    ["array", [expect.any(String), expect.any(String)]],
    ["empty", ""],
    ["null", null],
  ])("gives appId in the form %s", (form, expected) => {
    const { dli, detailOf } = setUp();

    dli.switches.appIdForm = form;

    expect(detailOf(SEED_BATCH_ID).body).toMatchObject({ appId: expected });
  });

  it("of an unknown id is 404 DLI.0023", () => {
    expect(setUp().detailOf(UNKNOWN_ID)).toMatchObject({ status: 404, body: { error_code: "DLI.0023" } });
  });

  it("has at most ten lines of log", () => {
    const { dli, detailOf } = setUp();

    const lengths = dli.tasks().map(({ upstreamId }) => (fieldsOf(detailOf(upstreamId).body).log as string[]).length);

    expect(Math.max(...lengths)).toBe(10);
    expect(Math.min(...lengths)).toBe(0);
  });
});

describe("the jobs of the emulated DLI", () => {
  it("are at least sixty, in all five states, each once, with a lower-case UUID", () => {
    const tasks = setUp().dli.tasks();

    const ids = tasks.map(({ upstreamId }) => upstreamId);
    expect(tasks.length).toBeGreaterThanOrEqual(60);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))).toEqual([]);
    expect(new Set(tasks.map(({ rawStatus }) => rawStatus))).toEqual(new Set([...DLI_STATES, "Success"]));
  });

  it("are held as they are answered", () => {
    const { dli, stateOf } = setUp();

    const differing = dli
      .tasks()
      .filter((task) => JSON.stringify(stateOf(task.upstreamId).body) !== JSON.stringify(task.row));

    expect(differing).toEqual([]);
  });

  it("live on the clock: starting, running, recovering, running again, success; and never leave the end", () => {
    const { clock, dli } = setUp();
    const histories = new Map<string, string[]>();
    for (let step = 0; step < 6000; step += 1) {
      for (const { upstreamId, rawStatus } of step % 20 === 0 || step < 200 ? dli.tasks() : []) {
        const history = histories.get(upstreamId) ?? [];
        if (history.at(-1) !== rawStatus) histories.set(upstreamId, [...history, rawStatus]);
      }
      clock.nowMs += 10_000;
    }

    const courses = new Set([...histories.values()].map((history) => history.join(" ")));
    const afterEnd = [...histories.values()].filter((history) => {
      const end = history.findIndex((state) => state === "success" || state === "dead");
      return end !== -1 && end < history.length - 1;
    });

    expect([...courses].some((course) => course.endsWith("running recovering running success"))).toBe(true);
    expect([...courses].some((course) => course.endsWith("running dead"))).toBe(true);
    expect([...courses].some((course) => course.startsWith("starting running"))).toBe(true);
    expect(afterEnd).toEqual([]);
  });

  it("keep their clock over a reset", () => {
    const { clock, dli } = setUp();
    clock.nowMs += HOUR_MS;
    const before = dli.tasks();

    dli.reset();

    expect(dli.tasks()).toEqual(before);
  });
});

describe("the accounts of the emulated DLI", () => {
  it("are one that signs and one that fetches tokens, of the same project", () => {
    expect(setUp().dli.accounts()).toEqual({
      "spark-prod": {
        provider: "huawei-dli",
        baseUrl: "http://huawei-dli.test",
        projectId: PROJECT_ID,
        auth: { accessKey: expect.any(String), secretKey: expect.stringMatching(/^sandbox-sk-.{20}/) },
      },
      "spark-token": {
        provider: "huawei-dli",
        baseUrl: "http://huawei-dli.test",
        projectId: PROJECT_ID,
        auth: {
          iamUrl: "http://huawei-iam.test",
          domain: "sandbox-domain",
          user: "task-reader",
          password: expect.stringMatching(/^sandbox-iam-password-.{10}/),
        },
      },
    });
  });

  it("have example ids that exist", () => {
    const { dli } = setUp();
    const held = new Set(dli.tasks().map(({ account, upstreamId }) => `${account}:${upstreamId}`));

    expect(dli.exampleIds[0]).toBe(`spark-prod:${SEED_BATCH_ID}`);
    expect(dli.exampleIds.filter((id) => !held.has(id))).toEqual([]);
  });
});
