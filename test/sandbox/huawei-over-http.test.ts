import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { type Answer, ask } from "./ask-upstream.ts";
import { createRequest, PROJECT_ID, readSample, signRequest } from "./huawei-requests.ts";

interface AccountAuth {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly iamUrl: string;
  readonly domain: string;
  readonly user: string;
  readonly password: string;
}

const JOBS = { jobs: ["9a470239-2308-4bb5-a6bc-1040402fjb21", "dc67695a-ee3e-49b8-a022-a099bd81jb21"] };
const STATE_PATH = `/v2.0/${PROJECT_ID}/batches/0a324461-d9d9-45da-a52a-3b3c7a3d809e/state`;
const STATUS_PATH = `/v3/${PROJECT_ID}/jobs/batch-status`;

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandbox();
});

afterEach(() => sandbox.close());

const authOf = (account: string) => sandbox.accounts()[account]?.auth as AccountAuth;

async function fetchToken(account: string): Promise<string> {
  const { iamUrl, domain, user: name, password } = authOf(account);
  const user = { name, password, domain: { name: domain } };
  const body = {
    auth: { identity: { methods: ["password"], password: { user } }, scope: { project: { id: PROJECT_ID } } },
  };
  const answer = await ask(`${iamUrl}/v3/auth/tokens?nocatalog=true`, { method: "POST", body });
  return String(answer.headers["x-subject-token"]);
}

function askSigned(account: string, method: string, path: string, body?: unknown, secretKey?: string): Promise<Answer> {
  const auth = authOf(account);
  const url = String(sandbox.accounts()[account]?.baseUrl);
  const text = body === undefined ? "" : JSON.stringify(body);
  const request = createRequest({ method, path, headers: { host: new URL(url).host }, body: text });
  const { headers } = signRequest(request, auth.accessKey, secretKey ?? auth.secretKey, Date.now());
  return ask(`${url}${path}`, { method, headers, ...(text === "" ? {} : { body: text }) });
}

describe("the Huawei upstreams of one sandbox", () => {
  it("serve a signed DLI call and a signed DRS call", async () => {
    const state = await askSigned("spark-prod", "GET", STATE_PATH);
    const status = await askSigned("drs-signed", "POST", STATUS_PATH, JOBS);

    expect(state).toMatchObject({ status: 200, json: readSample("dli-state") });
    expect(status).toMatchObject({ status: 200, json: readSample("drs-batch-status") });
  });

  it("share one IAM token, until it is revoked", async () => {
    const token = await fetchToken("spark-token");
    const headers = { "x-auth-token": token, "content-type": "application/json" };
    const both = () =>
      Promise.all([
        ask(`${sandbox.upstream("huawei-dli").url}${STATE_PATH}`, { headers }),
        ask(`${sandbox.upstream("huawei-drs").url}${STATUS_PATH}`, { method: "POST", headers, body: JOBS }),
      ]);

    const before = await both();
    sandbox.upstream("huawei-iam").act("revokeTokens");
    const after = await both();

    expect(before.map(({ status }) => status)).toEqual([200, 200]);
    expect(after.map(({ status }) => status)).toEqual([401, 401]);
  });

  it("know no token of another sandbox", async () => {
    const other = await startSandbox();
    const token = await fetchToken("drs-prod");

    const answer = await ask(`${other.upstream("huawei-dli").url}${STATE_PATH}`, {
      headers: { "x-auth-token": token },
    });
    await other.close();

    expect(answer).toMatchObject({ status: 401, json: { error_code: "APIGW.0301" } });
  });

  it("record task calls with their ids, and token calls as none", async () => {
    await fetchToken("drs-prod");
    await askSigned("drs-signed", "POST", STATUS_PATH, JOBS);

    expect(sandbox.upstream("huawei-drs").taskCalls.map(({ taskIds }) => taskIds)).toEqual([JOBS.jobs]);
    expect(sandbox.upstream("huawei-iam").calls).toHaveLength(1);
    expect(sandbox.upstream("huawei-iam").taskCalls).toEqual([]);
  });

  it("lock a key after six bad signatures, and unlock it on reset", async () => {
    const statuses: number[] = [];
    for (let call = 0; call < 6; call += 1) {
      statuses.push((await askSigned("spark-prod", "GET", STATE_PATH, undefined, "wrong")).status);
    }

    const locked = await askSigned("spark-prod", "GET", STATE_PATH);
    await sandbox.reset();
    const unlocked = await askSigned("spark-prod", "GET", STATE_PATH);

    expect(statuses).toEqual([401, 401, 401, 401, 401, 401]);
    expect(locked.text).toContain("AK access failed to reach the limit");
    expect(unlocked.status).toBe(200);
  });
});
