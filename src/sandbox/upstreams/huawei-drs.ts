import { MAIN_PROJECT, passwordAuth, REPLICATION_ACCESS_KEY, signingAuth } from "../huawei-directory.ts";
import { createDrsJobs, type DrsJob, drsMomentOf } from "../huawei-drs-jobs.ts";
import { type DrsRefusal, idsAsWritten, readQuestion } from "../huawei-drs-question.ts";
import { answerResults, type DrsRowSource } from "../huawei-drs-results.ts";
import { DRS_ROW_KEYS, type DrsRead, type DrsRow, drsRow } from "../huawei-drs-rows.ts";
import { defaultDrsSwitches, type HuaweiDrsSwitches } from "../huawei-drs-switches.ts";
import {
  type CallMeter,
  createCallMeter,
  identityError,
  noSuchApi,
  type Throttle,
  takeForcedAnswer,
  throttledByGateway,
} from "../huawei-gateway.ts";
import { type HuaweiIdentity, type IdentityRefusal, identityOf } from "../huawei-identity.ts";
import type {
  HeldTask,
  SandboxEnvironment,
  SandboxRequest,
  SandboxResponse,
  SandboxUpstream,
  SandboxUpstreamModule,
} from "../upstream.ts";

interface EmulatedDrs {
  readonly environment: SandboxEnvironment;
  readonly identity: HuaweiIdentity;
  readonly switches: HuaweiDrsSwitches;
  readonly meter: CallMeter;
  readonly jobs: ReadonlyMap<string, DrsJob>;
}

interface DrsRoute {
  readonly projectId: string;
  readonly read: DrsRead;
}

const READ_PATH = /^\/v3\/([^/]+)\/jobs\/([^/]+)$/;

const ERROR_MESSAGES: Readonly<Record<string, string>> = {
  "DRS.M00100": "Invalid token.",
  "DRS.M00200": "Invalid job id.",
  "DRS.M00201": "The parameter jobs is missing or empty.",
  "DRS.M00202": "A parameter is out of its range.",
  "DRS.M00210": "Invalid page.",
  "DRS.M00211": "The page is beyond the last one.",
  "DRS.M00261": "Invalid project id.",
  "DRS.M00299": "Only one job id is allowed.",
  "DRS.M00301": "Duplicate job ids.",
  "DRS.M01503": "The operation is too frequent.",
  "DRS.M01504": "Another operation is in progress.",
};

export const upstream: SandboxUpstreamModule = { name: "huawei-drs", create: createHuaweiDrs };

function createHuaweiDrs(environment: SandboxEnvironment): SandboxUpstream<HuaweiDrsSwitches> {
  const jobs = createDrsJobs(environment.now(), environment.sample("drs-batch-status"));
  const drs: EmulatedDrs = {
    environment,
    identity: identityOf(environment),
    switches: defaultDrsSwitches(),
    meter: createCallMeter(environment.now),
    jobs: new Map(jobs.map((job) => [job.id, job])),
  };
  return {
    respond: (request) => respond(drs, request),
    accounts: () => accounts(environment),
    tasks: () => heldTasks(drs),
    exampleIds: exampleJobs(jobs).map(({ id }) => `drs-prod:${id}`),
    switches: drs.switches,
    reset() {
      Object.assign(drs.switches, defaultDrsSwitches());
      drs.meter.reset();
      drs.identity.unlockKeys();
    },
  };
}

function accounts(environment: SandboxEnvironment): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const common = { provider: "huawei-drs", baseUrl: environment.baseUrl("huawei-drs"), projectId: MAIN_PROJECT.id };
  return {
    "drs-prod": { ...common, auth: passwordAuth(environment.baseUrl("huawei-iam")) },
    "drs-signed": { ...common, auth: signingAuth(REPLICATION_ACCESS_KEY) },
  };
}

/** The two of the vendor's sample, then some that live. */
function exampleJobs(jobs: readonly DrsJob[]): readonly DrsJob[] {
  const living = jobs.filter(({ fixedStatus }) => fixedStatus === null);
  return [...jobs.slice(0, 2), ...living.slice(0, 4)];
}

function respond(drs: EmulatedDrs, request: SandboxRequest): SandboxResponse {
  const route = request.method === "POST" ? readPath(request.path) : null;
  if (route === null) return takeForcedAnswer(drs.switches) ?? noSuchApi(drs.environment);
  return { ...answerRead(drs, request, route), taskIds: idsAsWritten(request.body) };
}

function readPath(path: string): DrsRoute | null {
  const [, projectId, read] = READ_PATH.exec(path) ?? [];
  if (projectId === undefined || read === undefined || !Object.hasOwn(DRS_ROW_KEYS, read)) return null;
  return { projectId, read: read as DrsRead };
}

function answerRead(drs: EmulatedDrs, request: SandboxRequest, route: DrsRoute): SandboxResponse {
  const refusal = takeForcedAnswer(drs.switches) ?? refuseBeforeReading(drs, request, route.projectId);
  if (refusal !== null) return refusal;
  const question = readQuestion(request.body, route.read, drs.switches);
  if (question.kind === "refused") return drsError(question.refusal);
  const plan = { read: route.read, pageIds: question.pageIds, requestTotal: question.ids.length };
  return answerResults(plan, rowSource(drs, route.projectId), drs.switches);
}

function refuseBeforeReading(drs: EmulatedDrs, request: SandboxRequest, projectId: string): SandboxResponse | null {
  const verdict = drs.identity.check(request, projectId);
  if (verdict.kind === "refused") return refuseIdentity(drs, verdict);
  const { throttle } = drs.switches;
  if (throttle !== null && drs.meter.isOver(throttle)) return throttled(drs, throttle);
  const [mediaType = ""] = (request.headers["content-type"] ?? "").split(";");
  if (mediaType.trim().toLowerCase() === "application/json") return null;
  return { status: 415, body: { status: 415, error: "Unsupported Media Type", path: request.path } };
}

function refuseIdentity(drs: EmulatedDrs, refusal: IdentityRefusal): SandboxResponse {
  const { missingToken, tokenTrouble } = drs.switches;
  if (refusal.cause === "other-project") return drsError("403 DRS.M00261");
  if (refusal.cause === "missing-token" && missingToken === "403 DRS.M00100") return drsError(missingToken);
  const isTokenTrouble = refusal.cause === "unknown-token" || refusal.cause === "expired-token";
  if (isTokenTrouble && tokenTrouble === "403 DRS.M00100") return drsError(tokenTrouble);
  return identityError(drs.environment, refusal);
}

function throttled(drs: EmulatedDrs, throttle: Throttle): SandboxResponse {
  const { throttleAnswer } = drs.switches;
  return throttleAnswer === "429 APIGW.0308" ? throttledByGateway(drs.environment, throttle) : drsError(throttleAnswer);
}

function rowSource(drs: EmulatedDrs, projectId: string): DrsRowSource {
  const jobs = [...drs.jobs.values()].filter((job) => job.projectId === projectId);
  return {
    ids: jobs.map(({ id }) => id),
    rowOf(read, id) {
      const job = drs.jobs.get(id);
      return job === undefined || job.projectId !== projectId ? null : rowOf(drs, read, job);
    },
  };
}

function rowOf(drs: EmulatedDrs, read: DrsRead, job: DrsJob): DrsRow {
  const { statusOverrides, rowPatches, pausedSpelling, looseTypes } = drs.switches;
  const nowMs = drs.environment.now();
  const moment = drsMomentOf(job, nowMs);
  const spelled = moment.status === "PAUSING" ? { ...moment, status: pausedSpelling } : moment;
  const row = drsRow(read, job, spelled, nowMs, looseTypes);
  const isOverridden = Object.hasOwn(statusOverrides, job.id);
  const override = isOverridden ? { [DRS_ROW_KEYS[read].status]: statusOverrides[job.id] } : {};
  return { ...row, ...override, ...rowPatches[job.id] };
}

function heldTasks(drs: EmulatedDrs): readonly HeldTask[] {
  return [...drs.jobs.values()]
    .filter((job) => job.projectId === MAIN_PROJECT.id)
    .map((job) => {
      const row = rowOf(drs, "batch-status", job);
      const rawStatus = typeof row.status === "string" ? row.status : (JSON.stringify(row.status) ?? "");
      return { account: "drs-prod", upstreamId: job.id, rawStatus, row };
    });
}

function drsError(refusal: DrsRefusal): SandboxResponse {
  const [status = "", code = ""] = refusal.split(" ");
  return { status: Number(status), body: { error_code: code, error_msg: ERROR_MESSAGES[code] ?? "Refused." } };
}
