import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { HUAWEI_ACCESS_KEYS, MAIN_PROJECT, TEMPORARY_ACCESS_KEY } from "../../src/sandbox/huawei-directory.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { HeldTask } from "../../src/sandbox/upstream.ts";
import { readSample } from "../sandbox/huawei-requests.ts";
import { expectedTask } from "../support/expected-task.ts";
import { nothingKept, startService, type TestService } from "../support/service.ts";
import { type AskedHosts, watchAskedHosts } from "./asked-hosts.ts";
import {
  type AskHuawei,
  askBatch,
  askJobs,
  askState,
  type Fields,
  type HuaweiKeys,
  type HuaweiSdkError,
  openHuaweiSdk,
} from "./open-huawei-sdk.ts";

const sampleBatch = "0a324461-d9d9-45da-a52a-3b3c7a3d809e";
const unknownBatch = "ffffffff-ffff-4fff-afff-ffffffffffff";

/** Tasks stand still on both sides; the SDK signs with the real clock. */
const startedAt = Date.now();
const now = (): number => startedAt;

let sandbox: Sandbox;
let service: TestService;
let hosts: AskedHosts;

beforeAll(async () => {
  hosts = watchAskedHosts();
  sandbox = await startSandbox({ now });
  service = await startService({ sandbox, cache: nothingKept, now });
});

afterEach(() => sandbox.reset());

afterAll(async () => {
  hosts.stop();
  await service.close();
  await sandbox.close();
});

function openSdk(account: string, changedKeys: Partial<HuaweiKeys> = {}): AskHuawei {
  const { baseUrl, projectId, auth } = sandbox.accounts()[account] as unknown as {
    readonly baseUrl: string;
    readonly projectId: string;
    readonly auth: HuaweiKeys;
  };
  return openHuaweiSdk(baseUrl, projectId, { ...auth, ...changedKeys });
}

async function rowsOf(asking: Promise<Fields>): Promise<readonly Fields[]> {
  return (await asking).results as readonly Fields[];
}

function refusalOf(asking: Promise<unknown>): Promise<HuaweiSdkError> {
  return asking.then(
    () => expect.unreachable("the SDK was answered"),
    (error: HuaweiSdkError) => error,
  );
}

const temporaryKeys = (): HuaweiKeys => {
  const key = HUAWEI_ACCESS_KEYS.get(TEMPORARY_ACCESS_KEY);
  return { accessKey: TEMPORARY_ACCESS_KEY, secretKey: key?.secretKey ?? "", securityToken: key?.securityToken ?? "" };
};

const heldIn = (account: string): HeldTask[] => sandbox.tasks().filter((held) => held.account === account);

/** One of each status. */
function oneOfEach(held: readonly HeldTask[]): HeldTask[] {
  return [...Map.groupBy(held, ({ rawStatus }) => rawStatus).values()].flatMap((alike) => alike.slice(0, 1));
}

const idsOf = (held: readonly HeldTask[]): string[] => held.map(({ upstreamId }) => upstreamId);

describe("the official Huawei SDK at the emulated DLI", () => {
  it("signs a call for the state of every job and gets what is held", async () => {
    const ask = openSdk("spark-prod");
    const held = heldIn("spark-prod");

    const answers = await Promise.all(idsOf(held).map((id) => askState(ask, id)));

    expect(answers.length).toBeGreaterThan(50);
    expect(answers).toEqual(held.map(({ row }) => ({ ...(row as Fields), httpStatusCode: 200 })));
  });

  it("signs content type, project and date, and nothing that is added later", async () => {
    await askState(openSdk("spark-prod"), sampleBatch);

    const [call] = sandbox.upstream("huawei-dli").calls;
    expect(call?.headers.authorization).toMatch(/ SignedHeaders=content-type;host;x-project-id;x-sdk-date, /);
    expect(call?.headers).toMatchObject({ "content-type": "application/json", "x-project-id": MAIN_PROJECT.id });
    expect(call?.headers).not.toHaveProperty("x-sdk-content-sha256");
  });

  it("gets the vendor's sample unchanged", async () => {
    const answer = await askState(openSdk("spark-prod"), sampleBatch);

    expect(answer).toEqual({ ...(readSample("dli-state") as Fields), httpStatusCode: 200 });
  });

  it("gets the whole batch, its state included", async () => {
    const ask = openSdk("spark-prod");
    const held = oneOfEach(heldIn("spark-prod"));

    const answers = await Promise.all(idsOf(held).map((id) => askBatch(ask, id)));

    expect(answers).toMatchObject(held.map(({ row }) => row as Fields));
    expect(answers.every(({ queue, create_time: createdAt }) => queue && createdAt)).toBe(true);
  });

  it("is told of an unknown batch with DLI's own code", async () => {
    const refusal = await refusalOf(askState(openSdk("spark-prod"), unknownBatch));

    expect(refusal).toMatchObject({ httpStatusCode: 404, errorCode: "DLI.0023" });
  });
});

describe("the official Huawei SDK at the emulated DRS", () => {
  it("signs a call for the status of a hundred jobs and gets what is held", async () => {
    const held = heldIn("drs-prod").slice(0, 100);

    const answer = await askJobs(openSdk("drs-signed"), "batch-status", idsOf(held));

    expect(answer).toEqual({ results: held.map(({ row }) => row), count: 100, httpStatusCode: 200 });
  });

  it("gets the vendor's sample unchanged", async () => {
    const sample = readSample("drs-batch-status") as { readonly results: readonly { readonly id: string }[] };
    const ids = sample.results.map(({ id }) => id);

    const answer = await askJobs(openSdk("drs-signed"), "batch-status", ids);

    expect(answer).toEqual({ ...sample, httpStatusCode: 200 });
  });

  it.each([200, 202])("gets the progress of jobs under their own key names, with HTTP %d", async (progressStatus) => {
    sandbox.upstream("huawei-drs").set({ progressStatus });
    const held = oneOfEach(heldIn("drs-prod"));

    const answer = await askJobs(openSdk("drs-signed"), "batch-progress", idsOf(held));

    expect(answer.httpStatusCode).toBe(progressStatus);
    expect(answer.results).toMatchObject(
      held.map(({ upstreamId, rawStatus }) => ({ job_id: upstreamId, transfer_status: rawStatus })),
    );
  });

  it("gets the details of ten jobs, and is refused eleven", async () => {
    const ask = openSdk("drs-signed");
    const held = oneOfEach(heldIn("drs-prod"));

    const ten = await rowsOf(askJobs(ask, "batch-detail", idsOf(held.slice(0, 10))));
    const eleven = await refusalOf(askJobs(ask, "batch-detail", idsOf(held.slice(0, 11))));

    expect(ten).toMatchObject(held.slice(0, 10).map(({ upstreamId: id, rawStatus: status }) => ({ id, status })));
    expect(eleven).toMatchObject({ httpStatusCode: 400, errorCode: "DRS.M00202" });
  });

  it("loses the rows of a 400 that still has results", async () => {
    sandbox.upstream("huawei-drs").set({ unknownInStatus: "DRS.M00289" });
    const unknownJob = "00000000-0000-0000-0000-00000000jb21";

    const refusal = await refusalOf(askJobs(openSdk("drs-signed"), "batch-status", [unknownJob]));

    expect(refusal).toMatchObject({ httpStatusCode: 400, errorCode: undefined });
  });
});

describe.each(["spark-prod", "drs-signed"])("keys of the official Huawei SDK for %s", (account) => {
  const askOne = (ask: AskHuawei): Promise<Fields> =>
    account === "spark-prod"
      ? askState(ask, sampleBatch)
      : askJobs(ask, "batch-status", idsOf(heldIn("drs-prod").slice(0, 1)));

  it.each([
    ["a wrong secret key", { secretKey: "wrong" }, "verify aksk signature fail"],
    ["an unknown access key", { accessKey: "NOBODYSKEY0000000001" }, "Get secretKey failed"],
  ])("are refused with %s", async (_, changed, text) => {
    const refusal = await refusalOf(askOne(openSdk(account, changed)));

    expect(refusal).toMatchObject({ httpStatusCode: 401, errorCode: "APIGW.0301" });
    expect(refusal.errorMsg).toContain(text);
  });

  it("are accepted when they are temporary and their token is with them, and refused without it", async () => {
    const { securityToken: _, ...bare } = temporaryKeys();

    const answer = await askOne(openSdk(account, temporaryKeys()));
    const refusal = await refusalOf(askOne(openSdk(account, bare)));

    expect(answer.httpStatusCode).toBe(200);
    expect(refusal).toMatchObject({ httpStatusCode: 401, errorCode: "APIGW.0301" });
    const [accepted] = sandbox.upstream(account === "spark-prod" ? "huawei-dli" : "huawei-drs").calls;
    expect(accepted?.headers.authorization).toContain(";x-security-token,");
  });
});

describe("the service and the official Huawei SDK", () => {
  const lookups = async (ids: readonly string[], fields: string, asked = service): Promise<readonly unknown[]> => {
    const { body } = await asked.query(
      `query ($ids: [ID!]!) { batchTasks(ids: $ids) { lookups { task { rawStatus { value } ${fields} } } } }`,
      { ids },
    );
    expect(body.errors).toBeUndefined();
    return body.data.batchTasks.lookups.map(({ task }: { readonly task: unknown }) => task);
  };

  it("see the same state of every batch", async () => {
    const ask = openSdk("spark-prod");
    const held = heldIn("spark-prod");
    const told = await Promise.all(idsOf(held).map((id) => askState(ask, id)));

    const tasks = await lookups(
      idsOf(held).map((id) => `spark-prod:${id}`),
      "status",
    );

    expect(tasks).toEqual(
      told.map(({ state }, place) => ({ rawStatus: { value: state }, status: statusOf(held[place]) })),
    );
  });

  it("see the same details of a batch", async () => {
    const ask = openSdk("spark-prod");
    const ids = idsOf(heldIn("spark-prod").slice(0, 12));
    const told = await Promise.all(ids.map((id) => askBatch(ask, id)));

    const tasks = await lookups(
      ids.map((id) => `spark-prod:${id}`),
      "name createdAt ... on DliBatchJob { applicationId owner queue kind updatedAt logTail }",
    );

    expect(tasks).toEqual(
      told.map((batch) => ({
        rawStatus: { value: batch.state },
        name: batch.name || null,
        createdAt: instant(batch.create_time),
        applicationId: batch.appId,
        owner: batch.owner,
        queue: batch.queue,
        kind: batch.kind,
        updatedAt: instant(batch.update_time),
        logTail: batch.log,
      })),
    );
  });

  it("see the same status of every job, and why it failed", async () => {
    const ask = openSdk("drs-signed");
    const held = heldIn("drs-prod");
    const pages = [held.slice(0, 100), held.slice(100, 200), held.slice(200)].map(idsOf);
    const told = await Promise.all(pages.map((ids) => rowsOf(askJobs(ask, "batch-status", ids))));

    const tasks = await lookups(
      idsOf(held).map((id) => `drs-signed:${id}`),
      "status failure { code message }",
    );

    expect(tasks).toMatchObject(
      told.flat().map((row, place) => ({
        rawStatus: { value: row.status },
        status: statusOf(held[place]),
        ...(row.error_code !== undefined && { failure: { code: row.error_code, message: row.error_message } }),
      })),
    );
  });

  it("see the same progress of a job", async () => {
    const held = oneOfEach(heldIn("drs-prod"));
    const told = await rowsOf(askJobs(openSdk("drs-signed"), "batch-progress", idsOf(held)));

    const tasks = await lookups(
      idsOf(held).map((id) => `drs-signed:${id}`),
      "progress { percent } ... on DrsJob { replicationDelayMs taskMode }",
    );

    expect(tasks).toEqual(
      told.map((row) => ({
        rawStatus: { value: row.transfer_status },
        progress: { percent: Number(row.progress) },
        replicationDelayMs: row.incre_trans_delay_millis === "-1" ? null : Number(row.incre_trans_delay_millis),
        taskMode: row.task_mode,
      })),
    );
  });

  it("see the same details of a job", async () => {
    const held = oneOfEach(heldIn("drs-prod")).slice(0, 10);
    const told = await rowsOf(askJobs(openSdk("drs-signed"), "batch-detail", idsOf(held)));

    const tasks = await lookups(
      idsOf(held).map((id) => `drs-signed:${id}`),
      "name createdAt startedAt ... on DrsJob { direction engineType }",
    );

    expect(tasks).toEqual(
      told.map((row) => ({
        rawStatus: { value: row.status },
        name: row.name,
        createdAt: instant(row.create_time),
        startedAt: instant(row.actual_start_time),
        direction: row.job_direction,
        engineType: (row.inst_info as Fields).engine_type,
      })),
    );
  });

  it("are both accepted with temporary keys, and signed the same headers", async () => {
    const temporary = await startService({
      sandbox,
      cache: nothingKept,
      now,
      accounts: { "spark-prod": { auth: temporaryKeys() } },
    });
    const answer = await askState(openSdk("spark-prod", temporaryKeys()), sampleBatch);

    const [task] = await lookups([`spark-prod:${sampleBatch}`], "status", temporary);
    await temporary.close();

    expect(task).toEqual({ rawStatus: { value: answer.state }, status: "SUCCEEDED" });
    const signed = sandbox.upstream("huawei-dli").calls.map(({ headers }) => headers.authorization?.split(", ")[1]);
    expect(signed).toEqual([signed[0], signed[0]]);
  });

  it("asked nobody but the sandbox", () => {
    expect(hosts.names()).toEqual(["127.0.0.1"]);
  });
});

function statusOf(held: HeldTask | undefined): string | undefined {
  return held && expectedTask(held).status;
}

/** From milliseconds since 1970, as a number or a text; an empty text and a zero are no instant. */
function instant(epochMs: unknown): string | null {
  return Number(epochMs) > 0 ? new Date(Number(epochMs)).toISOString() : null;
}
