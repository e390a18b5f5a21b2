import { MAIN_PROJECT, passwordAuth, SPARK_ACCESS_KEY, signingAuth } from "../huawei-directory.ts";
import { type AppIdForm, batchRow, seedBatchRow } from "../huawei-dli-batch.ts";
import { createDliJobs, type DliJob, dliMomentOf, SEED_BATCH_ID } from "../huawei-dli-jobs.ts";
import {
  type CallMeter,
  createCallMeter,
  type ForcedAnswer,
  identityError,
  noSuchApi,
  type Throttle,
  takeForcedAnswer,
  throttledByGateway,
} from "../huawei-gateway.ts";
import { type HuaweiIdentity, type IdentityRefusal, identityOf } from "../huawei-identity.ts";
import { noTaskOverrides, type TaskOverrideSwitches } from "../row-faults.ts";
import type {
  HeldTask,
  SandboxEnvironment,
  SandboxRequest,
  SandboxResponse,
  SandboxUpstream,
  SandboxUpstreamModule,
} from "../upstream.ts";

export type HuaweiDliSwitches = TaskOverrideSwitches & {
  /** `capitalised` is the style of the vendor's sample: `Success`. */
  stateCase: "lower" | "capitalised";
  /** The sample's id answers with the sample unchanged; off: it is an unknown id. */
  seedFixture: boolean;
  unknownId: "404 DLI.0023" | "400 DLI.0002" | "400 DLI.0001";
  otherProjectJob: "unknown" | "400 DLI.0016";
  /** How long a successful job is kept, in milliseconds; the 2021 user guide says six hours. Null: for good. */
  successRecordLifeMs: number | null;
  /** `foreign`: the answer names another job. */
  idField: "kept" | "dropped" | "upper-case" | "foreign";
  stateField: "kept" | "dropped";
  unknownKeys: boolean;
  /** Jobs with `auto_recovery` leave `dead` again. */
  deadRecovers: boolean;
  appIdForm: AppIdForm;
  /** Who refuses an unknown or expired token, and how. */
  tokenTrouble: "gateway" | "401 DLI.0013" | "401 DLI.0014" | "400 DLI.0015";
  throttle: Throttle | null;
  refuseWith: ForcedAnswer | null;
};

interface EmulatedDli {
  readonly environment: SandboxEnvironment;
  readonly identity: HuaweiIdentity;
  readonly switches: HuaweiDliSwitches;
  readonly meter: CallMeter;
  readonly jobs: ReadonlyMap<string, DliJob>;
}

interface BatchRead {
  readonly projectId: string;
  /** As in the path. */
  readonly batchId: string;
  readonly isDetail: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const BATCH_PATH = /^\/v2\.0\/([^/]+)\/batches\/([^/]+?)(\/state)?$/;
const BATCH_ID_FORM = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const FOREIGN_ID = "ffffffff-0000-4000-a000-ffffffffffff";

const ERROR_MESSAGES: Readonly<Record<string, string>> = {
  "DLI.0001": "Parameter check error.",
  "DLI.0002": "The object does not exist.",
  "DLI.0013": "User authentication failed.",
  "DLI.0014": "Service authentication failed.",
  "DLI.0015": "Token parsing failed.",
  "DLI.0016": "The identity or role is not allowed to use this project.",
  "DLI.0023": "There are no related resources.",
};

export const upstream: SandboxUpstreamModule = { name: "huawei-dli", create: createHuaweiDli };

function createHuaweiDli(environment: SandboxEnvironment): SandboxUpstream<HuaweiDliSwitches> {
  const jobs = createDliJobs(environment.now());
  const dli: EmulatedDli = {
    environment,
    identity: identityOf(environment),
    switches: defaultSwitches(),
    meter: createCallMeter(environment.now),
    jobs: new Map(jobs.map((job) => [job.id, job])),
  };
  return {
    respond: (request) => respond(dli, request),
    accounts: () => accounts(environment),
    tasks: () => heldTasks(dli),
    exampleIds: [SEED_BATCH_ID, ...jobs.slice(-12, -8).map(({ id }) => id)].map((id) => `spark-prod:${id}`),
    switches: dli.switches,
    reset() {
      Object.assign(dli.switches, defaultSwitches());
      dli.meter.reset();
      dli.identity.unlockKeys();
    },
  };
}

function defaultSwitches(): HuaweiDliSwitches {
  return {
    ...noTaskOverrides(),
    stateCase: "lower",
    seedFixture: true,
    unknownId: "404 DLI.0023",
    otherProjectJob: "unknown",
    successRecordLifeMs: null,
    idField: "kept",
    stateField: "kept",
    unknownKeys: false,
    deadRecovers: false,
    appIdForm: "text",
    tokenTrouble: "gateway",
    throttle: null,
    refuseWith: null,
  };
}

function accounts(environment: SandboxEnvironment): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const common = { provider: "huawei-dli", baseUrl: environment.baseUrl("huawei-dli"), projectId: MAIN_PROJECT.id };
  return {
    "spark-prod": { ...common, auth: signingAuth(SPARK_ACCESS_KEY) },
    "spark-token": { ...common, auth: passwordAuth(environment.baseUrl("huawei-iam")) },
  };
}

function respond(dli: EmulatedDli, request: SandboxRequest): SandboxResponse {
  const read = request.method === "GET" ? readPath(request.path) : null;
  if (read === null) return takeForcedAnswer(dli.switches) ?? noSuchApi(dli.environment);
  return { ...answerRead(dli, request, read), taskIds: [read.batchId] };
}

/** The list of batches and the log are not served. */
function readPath(path: string): BatchRead | null {
  const [, projectId, batchId, state] = BATCH_PATH.exec(path) ?? [];
  if (projectId === undefined || batchId === undefined) return null;
  return { projectId, batchId: decodeSegment(batchId), isDetail: state === undefined };
}

function answerRead(dli: EmulatedDli, request: SandboxRequest, read: BatchRead): SandboxResponse {
  const forced = takeForcedAnswer(dli.switches);
  if (forced !== null) return forced;
  const verdict = dli.identity.check(request, read.projectId);
  if (verdict.kind === "refused") return refuseIdentity(dli, verdict);
  const { throttle } = dli.switches;
  if (throttle !== null && dli.meter.isOver(throttle)) return throttledByGateway(dli.environment, throttle);
  if (!BATCH_ID_FORM.test(read.batchId)) return dliError("400 DLI.0001");
  return answerBatch(dli, read);
}

function refuseIdentity(dli: EmulatedDli, refusal: IdentityRefusal): SandboxResponse {
  if (refusal.cause === "other-project") return dliError("400 DLI.0016");
  const isTokenTrouble = refusal.cause === "unknown-token" || refusal.cause === "expired-token";
  const { tokenTrouble } = dli.switches;
  if (isTokenTrouble && tokenTrouble !== "gateway") return dliError(tokenTrouble);
  return identityError(dli.environment, refusal);
}

function answerBatch(dli: EmulatedDli, read: BatchRead): SandboxResponse {
  const { unknownId, otherProjectJob } = dli.switches;
  const id = read.batchId.toLowerCase();
  if (isSeed(dli, id) && read.projectId === MAIN_PROJECT.id) {
    return { status: 200, body: withFieldFaults(dli, read.isDetail ? seedDetail(dli) : seedAnswer(dli)) };
  }
  const job = dli.jobs.get(id);
  if (job === undefined || isForgotten(dli, job)) return dliError(unknownId);
  if (job.projectId !== read.projectId) return dliError(otherProjectJob === "unknown" ? unknownId : otherProjectJob);
  return { status: 200, body: withFieldFaults(dli, read.isDetail ? detailOf(dli, job) : stateAnswer(dli, job)) };
}

function isSeed(dli: EmulatedDli, id: string): boolean {
  return dli.switches.seedFixture && id === SEED_BATCH_ID;
}

function isForgotten(dli: EmulatedDli, job: DliJob): boolean {
  const lifeMs = dli.switches.successRecordLifeMs;
  const nowMs = dli.environment.now();
  const { state, updatedAtMs } = dliMomentOf(job, nowMs);
  return lifeMs !== null && state === "success" && nowMs - updatedAtMs >= lifeMs;
}

function stateAnswer(dli: EmulatedDli, job: DliJob): Fields {
  return patched(dli, job.id, { id: job.id, state: stateOf(dli, job) });
}

function detailOf(dli: EmulatedDli, job: DliJob): Fields {
  const times = dliMomentOf(job, dli.environment.now());
  return patched(dli, job.id, batchRow(job.id, job.index, stateOf(dli, job), times, dli.switches.appIdForm));
}

function stateOf(dli: EmulatedDli, job: DliJob): string {
  const { state } = dliMomentOf(job, dli.environment.now());
  const shown = dli.switches.deadRecovers && state === "dead" && job.autoRecovery ? "recovering" : state;
  if (dli.switches.stateCase === "lower") return shown;
  return `${shown.charAt(0).toUpperCase()}${shown.slice(1)}`;
}

function seedAnswer(dli: EmulatedDli): Fields {
  return patched(dli, SEED_BATCH_ID, dli.environment.sample("dli-state") as Fields);
}

function seedDetail(dli: EmulatedDli): Fields {
  return { ...seedBatchRow(dli.switches.appIdForm), ...seedAnswer(dli) };
}

function patched(dli: EmulatedDli, id: string, answer: Fields): Fields {
  const { statusOverrides, rowPatches } = dli.switches;
  const override = Object.hasOwn(statusOverrides, id) ? { state: statusOverrides[id] } : {};
  return { ...answer, ...override, ...rowPatches[id] };
}

function withFieldFaults(dli: EmulatedDli, answer: Fields): Fields {
  const { idField, stateField, unknownKeys } = dli.switches;
  const { id, state, ...rest } = answer;
  return {
    ...(idField === "dropped" ? {} : { id: idFaulted(idField, String(id)) }),
    ...(stateField === "dropped" ? {} : { state }),
    ...rest,
    ...(unknownKeys ? { is_success: true, trace: { region: "sandbox" } } : {}),
  };
}

function idFaulted(idField: HuaweiDliSwitches["idField"], id: string): string {
  if (idField === "foreign") return FOREIGN_ID;
  return idField === "upper-case" ? id.toUpperCase() : id;
}

function heldTasks(dli: EmulatedDli): readonly HeldTask[] {
  const jobs = [...dli.jobs.values()].filter((job) => job.projectId === MAIN_PROJECT.id && !isForgotten(dli, job));
  const answers = jobs.map((job) => heldTask(job.id, stateAnswer(dli, job)));
  return dli.switches.seedFixture ? [heldTask(SEED_BATCH_ID, seedAnswer(dli)), ...answers] : answers;
}

function heldTask(id: string, row: Fields): HeldTask {
  const { state } = row;
  const rawStatus = typeof state === "string" ? state : (JSON.stringify(state) ?? "");
  return { account: "spark-prod", upstreamId: id, rawStatus, row };
}

/** `refusal` is HTTP status and code: `404 DLI.0023`. */
function dliError(refusal: `${number} DLI.${string}`): SandboxResponse {
  const [status = "", code = ""] = refusal.split(" ");
  return { status: Number(status), body: { error_code: code, error_msg: ERROR_MESSAGES[code] ?? "" } };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
