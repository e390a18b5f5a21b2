import { createRateLimit } from "../feishu-contact/rate-limit.ts";
import { defaultFeishuSwitches, type FeishuSwitches } from "../feishu-contact/switches.ts";
import { type ImportTask, importTaskAnswer, importTasks } from "../feishu-contact/tasks.ts";
import { createTokenStore } from "../feishu-contact/tokens.ts";
import type {
  HeldTask,
  SandboxEnvironment,
  SandboxRequest,
  SandboxResponse,
  SandboxUpstream,
  SandboxUpstreamModule,
} from "../upstream.ts";

const TASK_PATH = "/open-apis/contact/v2/task/get";
const TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal";
const SAMPLE_TASK_ID = "123456784b68a7c89abcdef092dc09ea";
const PERMISSIONS = ["contact:contact", "contact:contact:readonly_as_app"];

/** A self-built application, installed in one tenant of its own. The two samples share an id, so each has its tenant. */
interface Application {
  readonly account: string;
  readonly secret: string;
  readonly sample: string;
  readonly tasks: readonly ImportTask[];
}

const APPLICATIONS: Readonly<Record<string, Application>> = {
  cli_sandbox_users: {
    account: "lark",
    secret: "sandbox-feishu-users-secret",
    sample: "feishu-users",
    tasks: importTasks("tenant-1", 20_000, 60),
  },
  cli_sandbox_departments: {
    account: "lark-departments",
    secret: "sandbox-feishu-departments-secret",
    sample: "feishu-departments",
    tasks: importTasks("tenant-2", 30_000, 8),
  },
};

export const upstream: SandboxUpstreamModule = { name: "feishu-contact", create: createFeishuContact };

function createFeishuContact(environment: SandboxEnvironment): SandboxUpstream<FeishuSwitches> {
  const { now, random, sample, baseUrl } = environment;
  const startedAt = now();
  const switches = defaultFeishuSwitches();
  const tokens = createTokenStore(now, random);
  const rateLimit = createRateLimit(now);

  const answerOf = (application: Application, taskId: string): unknown => {
    const task = application.tasks.find(({ id }) => id === taskId);
    const isSample = taskId === SAMPLE_TASK_ID;
    if (task === undefined && !isSample) return null;
    const answer = task === undefined ? sample(application.sample) : importTaskAnswer(task, startedAt, now(), switches);
    return withOverrides(answer, taskId, switches);
  };

  const respondToken = (request: SandboxRequest): SandboxResponse => {
    const { app_id: appId, app_secret: secret } = parseObject(request);
    if (typeof appId !== "string" || typeof secret !== "string") return error(200, 10003, "invalid param");
    if (applicationOf(appId)?.secret !== secret) {
      return error(200, switches.wrongSecretCode, "app secret invalid");
    }
    const { token, expiresInSeconds } = tokens.issue(appId, switches.tokenLifeSeconds);
    return { status: 200, body: { code: 0, msg: "ok", tenant_access_token: token, expire: expiresInSeconds } };
  };

  const respondTask = (request: SandboxRequest): SandboxResponse => {
    const bearer = bearerOf(request);
    if (bearer === null) return error(switches.tokenErrorStatus, 99991661, "Missing access token for authorization");
    if (!bearer.startsWith("t-")) return error(switches.tokenErrorStatus, 99991671, "Invalid access token");
    const appId = switches.refuseTokens ? null : tokens.ownerOf(bearer);
    const application = appId === null ? undefined : applicationOf(appId);
    if (appId === null || application === undefined) {
      return error(switches.tokenErrorStatus, 99991663, "Invalid access token for authorization");
    }
    if (!switches.scopeGranted) return scopeMissing();
    const refusal = rateLimit.take(appId, switches);
    if (refusal !== null) return rateLimited(refusal.limit, refusal.resetSeconds, switches);

    const [taskId = "", ...more] = request.query.getAll("task_id");
    if (taskId === "" || more.length > 0) return error(400, 900400, "task_id is required once (emulator)");
    if (switches.refuseWith !== null) return { status: 200, body: switches.refuseWith };
    const answer = answerOf(application, taskId);
    if (answer === null)
      return error(switches.unknownTaskStatus, switches.unknownTaskCode, "task not found (emulator)");
    return { status: 200, body: answer };
  };

  const held = (application: Application, upstreamId: string): HeldTask => {
    const row = answerOf(application, upstreamId);
    return { account: application.account, upstreamId, rawStatus: statusIn(row), row };
  };

  return {
    respond(request) {
      const response = route(request, respondToken, respondTask);
      const traced = { ...response, headers: { "x-tt-logid": logId(now(), random()), ...response.headers } };
      return request.path === TASK_PATH ? { ...traced, taskIds: request.query.getAll("task_id") } : traced;
    },
    accounts: () =>
      Object.fromEntries(
        Object.entries(APPLICATIONS).map(([appId, { account, secret }]) => [
          account,
          {
            provider: "feishu-contact",
            baseUrl: baseUrl("feishu-contact"),
            appId,
            appSecret: secret,
            notFoundCodes: [900404],
          },
        ]),
      ),
    tasks: () =>
      Object.values(APPLICATIONS).flatMap((application) => [
        held(application, SAMPLE_TASK_ID),
        ...application.tasks.map(({ id }) => held(application, id)),
      ]),
    exampleIds: exampleIds(startedAt, switches),
    switches,
    reset() {
      Object.assign(switches, defaultFeishuSwitches());
      tokens.revokeAll();
      rateLimit.clear();
    },
    actions: { revokeTokens: () => tokens.revokeAll() },
  };
}

type Respond = (request: SandboxRequest) => SandboxResponse;

/** Older clients end the token path with a slash; the vendor's documents do not. */
function route(request: SandboxRequest, respondToken: Respond, respondTask: Respond): SandboxResponse {
  const isTokenPath = request.path === TOKEN_PATH || request.path === `${TOKEN_PATH}/`;
  if (isTokenPath && request.method === "POST") return respondToken(request);
  if (request.path === TASK_PATH && request.method === "GET") return respondTask(request);
  return { status: 404, headers: { "content-type": "text/plain" }, body: "404 page not found" };
}

function applicationOf(appId: string): Application | undefined {
  return Object.hasOwn(APPLICATIONS, appId) ? APPLICATIONS[appId] : undefined;
}

function parseObject(request: SandboxRequest): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(request.body.toString("utf8"));
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function bearerOf(request: SandboxRequest): string | null {
  const match = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? "");
  return match?.[1] ?? null;
}

function error(status: number, code: number, msg: string, extra: Record<string, unknown> = {}): SandboxResponse {
  return { status, body: { code, msg, ...extra } };
}

function scopeMissing(): SandboxResponse {
  const violations = PERMISSIONS.map((subject) => ({ type: "action_scope_required", subject }));
  return error(400, 99991672, "Access denied. One of the scopes is required", {
    error: { permission_violations: violations },
  });
}

function rateLimited(limit: number, resetSeconds: number, switches: FeishuSwitches): SandboxResponse {
  const headers: Record<string, string> = {
    "x-ogw-ratelimit-limit": String(limit),
    "x-ogw-ratelimit-reset": String(resetSeconds),
  };
  const refusal = error(switches.rateLimitStatus, 99991400, "request trigger frequency limit");
  return switches.rateLimitHeaders ? { ...refusal, headers } : refusal;
}

function withOverrides(answer: unknown, taskId: string, switches: FeishuSwitches): unknown {
  const hasStatus = Object.hasOwn(switches.statusOverrides, taskId);
  const patch = switches.rowPatches[taskId];
  if (!hasStatus && patch === undefined) return answer;
  const { data, ...envelope } = answer as { data: Record<string, unknown> };
  const status = hasStatus ? { status: switches.statusOverrides[taskId] } : {};
  return { ...envelope, data: { ...data, ...status, ...patch } };
}

function statusIn(answer: unknown): string {
  return String((answer as { data: { status: unknown } }).data.status);
}

/** A running task, the sample, the one with many items, the one that fails whole; then the other tenant's sample. */
function exampleIds(startedAt: number, switches: FeishuSwitches): readonly string[] {
  const [users, departments] = Object.values(APPLICATIONS);
  if (users === undefined || departments === undefined) return [];
  const [manyItems, allFailing, ...others] = users.tasks;
  const running = others.find((task) => {
    const status = Number(statusIn(importTaskAnswer(task, startedAt, startedAt, switches)));
    return status > 0 && status < 8;
  });
  const ids = [running?.id, SAMPLE_TASK_ID, manyItems?.id, allFailing?.id].filter((id) => id !== undefined);
  return [...ids.map((id) => `${users.account}:${id}`), `${departments.account}:${SAMPLE_TASK_ID}`];
}

function logId(at: number, chance: number): string {
  return `${new Date(at)
    .toISOString()
    .replace(/[^0-9]/g, "")
    .slice(0, 14)}${Math.floor(chance * 1e12)
    .toString(16)
    .toUpperCase()}`;
}
