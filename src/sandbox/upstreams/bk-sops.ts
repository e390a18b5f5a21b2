import {
  CREDENTIAL_KEYS,
  checkAccess,
  checkHeaderAccess,
  SOPS_APPLICATIONS,
  SOPS_BK_TOKEN,
} from "../bk-sops/access.ts";
import { parseExactJson } from "../bk-sops/exact-json.ts";
import { createRateWindow, esbAccessError, esbError, gatewayError } from "../bk-sops/gateway-answers.ts";
import { scopeKeyAsAsked } from "../bk-sops/projects.ts";
import { createSopsRows, SAMPLE_SCOPE_KEY } from "../bk-sops/row-source.ts";
import { defaultSopsSwitches, type SopsSwitches } from "../bk-sops/switches.ts";
import { createTaskView, http500, type ViewCall } from "../bk-sops/task-view.ts";
import { SOPS_TASKS, sopsTaskLife } from "../bk-sops/tasks.ts";
import type {
  SandboxEnvironment,
  SandboxRequest,
  SandboxResponse,
  SandboxUpstream,
  SandboxUpstreamModule,
} from "../upstream.ts";

const GATEWAY_PATH = /^\/api\/bk-sops\/(?:prod|stage)\/get_tasks_status\/([^/]+)\/$/;
const ESB_PATH = "/api/c/compapi/v2/sops/get_tasks_status/";
const ESB_PREFIX = "/api/c/compapi/";
const ACCOUNT = "ops";
const ESB_ACCOUNT = "ops-esb";
/** The business whose tasks are shown under the ESB account. */
const ESB_SCOPE_KEY = "5";

export const upstream: SandboxUpstreamModule = { name: "bk-sops", create: createBkSops };

function createBkSops({ now, random, sample, baseUrl }: SandboxEnvironment): SandboxUpstream<SopsSwitches> {
  const startedAt = now();
  const switches = defaultSopsSwitches();
  const rows = createSopsRows(sample("bk-sops-tasks"), startedAt, now, switches);
  const view = createTaskView(rows, switches, now);
  const rateWindow = createRateWindow(now);
  const newId = (): string =>
    Math.floor(random() * 2 ** 52)
      .toString(16)
      .padStart(32, "0");

  const respondGateway = (request: SandboxRequest, targetId: string): SandboxResponse => {
    const params = parseBody(request);
    const access = checkHeaderAccess(request, switches.legacyCredentials ? credentialsIn(request, params) : null);
    if (typeof access === "string") return gatewayError(access, switches);
    const rate = rateWindow.take(switches);
    if (rate.isOver) {
      const kind = switches.rateLimitCode === 1642903 ? "overRate" : "overConcurrency";
      return withHeaders(gatewayError(kind, switches), rate.headers);
    }
    const isDigits = /^[0-9]+$/.test(targetId);
    const response = isDigits ? respondSops(request, { targetId, username: access.username, params }) : django404();
    return withHeaders(response, rate.headers);
  };

  const respondEsb = (request: SandboxRequest): SandboxResponse => {
    const requestId = newId();
    const params = parseBody(request);
    const access = checkAccess(credentialsIn(request, params));
    if (typeof access === "string") return esbAccessError(access, requestId);
    const targetId = bizIdIn(params);
    if (targetId === null) return esbError(1306406, "bk_biz_id is required", requestId);
    const stripped = withoutKeys(params, [...CREDENTIAL_KEYS, "bk_biz_id"]);
    return respondSops(request, { targetId, username: access.username, params: stripped }, { request_id: requestId });
  };

  /** A sample answer stays as it is; every other body of bk-sops carries a trace id. */
  const respondSops = (request: SandboxRequest, call: ViewCall, extra: object = {}): SandboxResponse => {
    if (switches.refuseWith !== null) return { status: 200, body: switches.refuseWith };
    const answer = view.answer(call);
    if (answer === "http500") return http500(switches);
    if (rows.isSample(answer.data)) return { status: 200, body: answer };
    const traceId = request.headers.traceparent ?? newId();
    const body = { ...answer, trace_id: traceId, ...extra };
    return { status: 200, headers: { "sops-trace-id": traceId }, body };
  };

  const route = (request: SandboxRequest): SandboxResponse => {
    const targetId = GATEWAY_PATH.exec(request.path)?.[1];
    if (targetId !== undefined && request.method === "POST") return respondGateway(request, targetId);
    if (request.path === ESB_PATH && request.method === "POST") return respondEsb(request);
    if (request.path.startsWith(ESB_PREFIX)) return esbError(1306404, "not found component class", newId());
    if (request.path.startsWith("/apigw/")) return gatewayOnly();
    return gatewayError("noRoute", switches);
  };

  return {
    respond(request) {
      const response = withHeaders(route(request), { "x-bkapi-request-id": newId() });
      const taskIds = taskIdsIn(request);
      return taskIds === null ? response : { ...response, taskIds };
    },
    accounts: () => ({
      [ACCOUNT]: {
        provider: "bk-sops",
        baseUrl: `${baseUrl("bk-sops")}/api/bk-sops/prod`,
        appCode: "sandbox-ops",
        appSecret: SOPS_APPLICATIONS["sandbox-ops"].secret,
        username: "admin",
      },
      [ESB_ACCOUNT]: {
        provider: "bk-sops",
        baseUrl: baseUrl("bk-sops"),
        style: "esb",
        appCode: "sandbox-plain",
        appSecret: SOPS_APPLICATIONS["sandbox-plain"].secret,
        bkToken: SOPS_BK_TOKEN,
      },
    }),
    tasks: () =>
      rows.all().map((held) => ({ account: held.scopeKey === ESB_SCOPE_KEY ? ESB_ACCOUNT : ACCOUNT, ...held })),
    exampleIds: exampleIds(startedAt),
    switches,
    reset() {
      Object.assign(switches, defaultSopsSwitches());
      view.clearCaches();
      rateWindow.clear();
    },
    actions: { clearCaches: () => view.clearCaches() },
  };
}

/** Null for an empty body, which bk-sops cannot take; undefined for one that is no JSON. */
function parseBody(request: SandboxRequest): unknown {
  if (request.body.length === 0) return null;
  try {
    return parseExactJson(request.body.toString("utf8")) ?? undefined;
  } catch {
    return undefined;
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : {};
}

function credentialsIn(request: SandboxRequest, params: unknown): Readonly<Record<string, unknown>> {
  return { ...Object.fromEntries(request.query), ...asRecord(params) };
}

function bizIdIn(params: unknown): string | null {
  const { bk_biz_id: bizId } = asRecord(params);
  const text = typeof bizId === "number" || typeof bizId === "string" ? String(bizId) : "";
  return /^[0-9]+$/.test(text) ? text : null;
}

function withoutKeys(params: unknown, keys: readonly string[]): unknown {
  return Object.fromEntries(Object.entries(asRecord(params)).filter(([key]) => !keys.includes(key)));
}

/** The ids as they are on the wire, whatever becomes of the call; null for paths that do not ask for tasks. */
function taskIdsIn(request: SandboxRequest): readonly string[] | null {
  const inPath = GATEWAY_PATH.exec(request.path)?.[1];
  if (inPath === undefined && request.path !== ESB_PATH) return null;
  const { task_id_list: list, scope, bk_biz_id: inBody } = asRecord(parseBody(request));
  if (!Array.isArray(list)) return [];
  const scopeKey = scopeKeyAsAsked(inPath ?? String(inBody), scope);
  return list.map((id) => `${scopeKey}/${String(id)}`);
}

function withHeaders(response: SandboxResponse, headers: Readonly<Record<string, string>>): SandboxResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}

/** The gateway lets any text pass as a business; bk-sops itself has no route for it. */
function django404(): SandboxResponse {
  const body = "<!DOCTYPE html><html><head><title>Not Found</title></head><body><h1>Not Found</h1></body></html>";
  return { status: 404, headers: { "content-type": "text/html" }, body };
}

function gatewayOnly(): SandboxResponse {
  const body = "This API can only be accessed through API gateway";
  return { status: 403, headers: { "content-type": "text/plain" }, body };
}

/** A sample task, then one that runs in each business and in the project. */
function exampleIds(startedAt: number): readonly string[] {
  const running = (scopeKey: string): string => {
    const tasks = SOPS_TASKS.filter((task) => task.scopeKey === scopeKey);
    const found = tasks.find((task) => sopsTaskLife(task, startedAt, startedAt).phase === "running") ?? tasks[0];
    return found?.upstreamId ?? scopeKey;
  };
  return [
    `${ACCOUNT}:${SAMPLE_SCOPE_KEY}/30000105`,
    `${ACCOUNT}:${running("2")}`,
    `${ACCOUNT}:${running("project-7")}`,
    `${ACCOUNT}:${running("3")}`,
    `${ESB_ACCOUNT}:${running(ESB_SCOPE_KEY)}`,
  ];
}
