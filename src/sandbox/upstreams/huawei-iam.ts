import { HUAWEI_DOMAIN, HUAWEI_PROJECTS, HUAWEI_USER, type HuaweiProject } from "../huawei-directory.ts";
import {
  type CallMeter,
  createCallMeter,
  type ForcedAnswer,
  identityError,
  noSuchApi,
  retryAfterHeader,
  type Throttle,
  takeForcedAnswer,
} from "../huawei-gateway.ts";
import { type HuaweiIdentity, identityOf } from "../huawei-identity.ts";
import { type ProjectScope, readTokenRequest } from "../huawei-token-request.ts";
import type {
  SandboxEnvironment,
  SandboxRequest,
  SandboxResponse,
  SandboxUpstream,
  SandboxUpstreamModule,
} from "../upstream.ts";

export type HuaweiIamSwitches = {
  tokenLifeMs: number;
  /** Body of a refused password: `{"error":{…}}` or `{"error_code","error_msg"}`. */
  refusedPasswordForm: "error" | "error_code";
  /** A locked user gets 401 IAM.0061, one without programmatic access 403 IAM.0081. */
  userState: "active" | "locked" | "no-programmatic-access";
  /** `absent`: a 201 without the header that carries the token. */
  subjectToken: "present" | "absent";
  expiresAt: "present" | "absent" | "unreadable";
  throttle: Throttle | null;
  refuseWith: ForcedAnswer | null;
};

interface EmulatedIam {
  readonly environment: SandboxEnvironment;
  readonly identity: HuaweiIdentity;
  readonly switches: HuaweiIamSwitches;
  readonly meter: CallMeter;
}

const DAY_MS = 24 * 3_600_000;
const MAX_BODY_BYTES = 32 * 1024;

export const upstream: SandboxUpstreamModule = { name: "huawei-iam", create: createHuaweiIam };

function createHuaweiIam(environment: SandboxEnvironment): SandboxUpstream<HuaweiIamSwitches> {
  const iam: EmulatedIam = {
    environment,
    identity: identityOf(environment),
    switches: defaultSwitches(),
    meter: createCallMeter(environment.now),
  };
  return {
    respond: (request) => respond(iam, request),
    accounts: () => ({}),
    tasks: () => [],
    exampleIds: [],
    switches: iam.switches,
    reset() {
      Object.assign(iam.switches, defaultSwitches());
      iam.meter.reset();
      iam.identity.revokeTokens();
    },
    actions: { revokeTokens: () => iam.identity.revokeTokens() },
  };
}

function defaultSwitches(): HuaweiIamSwitches {
  return {
    tokenLifeMs: DAY_MS,
    refusedPasswordForm: "error",
    userState: "active",
    subjectToken: "present",
    expiresAt: "present",
    throttle: null,
    refuseWith: null,
  };
}

function respond(iam: EmulatedIam, request: SandboxRequest): SandboxResponse {
  const forced = takeForcedAnswer(iam.switches);
  if (forced !== null) return forced;
  const { throttle } = iam.switches;
  if (throttle !== null && iam.meter.isOver(throttle)) return throttled(throttle);

  const route = `${request.method} ${request.path}`;
  if (route === "POST /v3/auth/tokens") return answerTokenRequest(iam, request);
  if (route === "GET /v3/projects") return listProjects(iam, request, request.query.get("name"));
  if (route === "GET /v3/auth/projects") return listProjects(iam, request, null);
  return noSuchApi(iam.environment);
}

function answerTokenRequest(iam: EmulatedIam, request: SandboxRequest): SandboxResponse {
  if (request.body.length > MAX_BODY_BYTES) return titledError(413, "Request Entity Too Large", "more than 32 KB");
  const wanted = readTokenRequest(request.body);
  if (wanted.kind === "malformed") return titledError(400, "Bad Request", wanted.message);
  if (iam.switches.userState === "locked") return codedError(401, "IAM.0061", "The user is locked.");
  if (iam.switches.userState === "no-programmatic-access") {
    return codedError(403, "IAM.0081", "The user is not allowed to access the cloud programmatically.");
  }
  const known = wanted.domain === HUAWEI_DOMAIN.name && wanted.user === HUAWEI_USER.name;
  if (!known || wanted.password !== HUAWEI_USER.password) return refusedPassword(iam, known);

  const project = wanted.scope === null ? null : findProject(wanted.scope);
  if (project === undefined) return titledError(401, "Unauthorized", "The user has no such project.");
  return issueToken(iam, project, request.query.has("nocatalog"));
}

function refusedPassword(iam: EmulatedIam, known: boolean): SandboxResponse {
  const message = "The username or password is wrong.";
  return iam.switches.refusedPasswordForm === "error"
    ? titledError(401, "Unauthorized", message)
    : codedError(401, known ? "IAM.0062" : "IAM.0001", message);
}

function findProject(scope: ProjectScope): HuaweiProject | undefined {
  return HUAWEI_PROJECTS.find((project) => ("id" in scope ? project.id === scope.id : project.name === scope.name));
}

/** The token travels in a header only; nothing in the body is a secret. */
function issueToken(iam: EmulatedIam, project: HuaweiProject | null, nocatalog: boolean): SandboxResponse {
  const issuedAtMs = iam.environment.now();
  const expiresAtMs = issuedAtMs + iam.switches.tokenLifeMs;
  const text = iam.identity.issueToken({ projectId: project?.id ?? null, expiresAtMs });
  const domain = { id: HUAWEI_DOMAIN.id, name: HUAWEI_DOMAIN.name };
  const token = {
    ...expiry(iam.switches.expiresAt, expiresAtMs),
    issued_at: vendorInstant(issuedAtMs),
    methods: ["password"],
    user: { id: HUAWEI_USER.id, name: HUAWEI_USER.name, domain, password_expires_at: "" },
    ...(project === null ? { domain } : { project: { id: project.id, name: project.name, domain } }),
    roles: [{ id: "0", name: "drs_readonly" }],
    ...(nocatalog ? {} : { catalog: catalog(iam.environment) }),
  };
  const headers: Record<string, string> = iam.switches.subjectToken === "present" ? { "X-Subject-Token": text } : {};
  return { status: 201, headers, body: { token } };
}

function expiry(form: HuaweiIamSwitches["expiresAt"], expiresAtMs: number): Record<string, string> {
  if (form === "absent") return {};
  return { expires_at: form === "unreadable" ? "in a while" : vendorInstant(expiresAtMs) };
}

/** Six fraction digits: `2019-02-13T06:52:13.855000Z`. */
function vendorInstant(epochMs: number): string {
  return new Date(epochMs).toISOString().replace("Z", "000Z");
}

function catalog(environment: SandboxEnvironment): unknown {
  return ["iam", "dli", "drs"].map((type) => ({
    type,
    name: type,
    endpoints: [{ interface: "public", region_id: "*", url: environment.baseUrl(`huawei-${type}`) }],
  }));
}

function listProjects(iam: EmulatedIam, request: SandboxRequest, name: string | null): SandboxResponse {
  const verdict = iam.identity.check(request, null);
  if (verdict.kind === "refused") return identityError(iam.environment, verdict);
  const projects = HUAWEI_PROJECTS.filter(
    (project) => verdict.projectIds.includes(project.id) && (name === null || project.name === name),
  ).map((project) => projectRow(project));
  const self = `${iam.environment.baseUrl("huawei-iam")}${request.path}`;
  return { status: 200, body: { links: { self, next: null, previous: null }, projects } };
}

function projectRow(project: HuaweiProject): unknown {
  const { id, name } = project;
  return { id, name, domain_id: HUAWEI_DOMAIN.id, parent_id: HUAWEI_DOMAIN.id, is_domain: false, enabled: true };
}

function throttled(throttle: Throttle): SandboxResponse {
  const message = `Too many requests, the threshold is ${throttle.perSecond} per second.`;
  return { ...codedError(429, "IAM.0012", message), headers: retryAfterHeader(throttle) };
}

function titledError(status: number, title: string, message: string): SandboxResponse {
  return { status, body: { error: { code: status, message, title } } };
}

function codedError(status: number, code: string, message: string): SandboxResponse {
  return { status, body: { error_code: code, error_msg: message } };
}
