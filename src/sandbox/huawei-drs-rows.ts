import type { DrsJob, DrsJobKind, DrsMoment } from "./huawei-drs-jobs.ts";

export type DrsRead = "batch-status" | "batch-progress" | "batch-detail";

export type DrsRow = Readonly<Record<string, unknown>>;

/** The three endpoints name the same things differently. */
export interface DrsRowKeys {
  readonly id: string;
  readonly status: string;
  readonly errorText: string;
}

export const DRS_ROW_KEYS: Readonly<Record<DrsRead, DrsRowKeys>> = {
  "batch-status": { id: "id", status: "status", errorText: "error_message" },
  "batch-progress": { id: "job_id", status: "transfer_status", errorText: "error_msg" },
  "batch-detail": { id: "id", status: "status", errorText: "error_message" },
};

/** Planted in the endpoint objects of batch-detail; none of them may ever leave a client. */
export const PLANTED_DRS_SECRETS = [
  "sandbox-planted-drs-source-password-4Gk8Vw1Zr6",
  "sandbox-planted-drs-target-password-9Pd3Ny7Ub5",
  "sandbox-planted-drs-certificate-key-2Ma6Ce0Xt8",
  "sandbox-planted-drs-address-db-7.internal.example",
] as const;

const [SOURCE_PASSWORD, TARGET_PASSWORD, CERTIFICATE_KEY, SOURCE_ADDRESS] = PLANTED_DRS_SECRETS;

const TASK_MODES: Readonly<Record<DrsJobKind, string>> = {
  full: "FULL_TRANS",
  "full-and-incremental": "FULL_INCR_TRANS",
  parent: "INCR_TRANS",
};

/** A job's row in the answer of `read`. `looseTypes`: numbers and booleans where the tables promise texts. */
export function drsRow(read: DrsRead, job: DrsJob, moment: DrsMoment, nowMs: number, looseTypes: boolean): DrsRow {
  if (read === "batch-status")
    return job.sampleRow ?? { id: job.id, status: moment.status, ...failure(job, moment, read) };
  if (read === "batch-progress") return progressRow(job, moment, nowMs);
  const row = detailRow(job, moment);
  return looseTypes ? loosened(row) : row;
}

/** What the vendor answers for an id it does not hold, when it answers with a row. */
export function unknownRow(read: DrsRead, id: string, code: string): DrsRow {
  const keys = DRS_ROW_KEYS[read];
  return { [keys.id]: id, error_code: code, [keys.errorText]: `The job ${id} does not exist.` };
}

export function deletedRow(read: DrsRead, id: string): DrsRow {
  const keys = DRS_ROW_KEYS[read];
  return { [keys.id]: id, [keys.status]: "DELETED" };
}

/** Why a failed job failed; the vendor leaves it out now and then. */
function failure(job: DrsJob, moment: DrsMoment, read: DrsRead): DrsRow {
  if (!moment.status.endsWith("_FAILED") || job.index % 4 === 3) return {};
  return { error_code: "DRS.M10012", [DRS_ROW_KEYS[read].errorText]: "The source database refused the connection." };
}

/** All values are texts, the numbers too. */
function progressRow(job: DrsJob, moment: DrsMoment, nowMs: number): DrsRow {
  const isReplicating = moment.status.startsWith("INCRE_TRANSFER");
  const percent = Math.floor(moment.fractionDone * 100);
  return {
    job_id: job.id,
    progress: String(percent),
    incre_trans_delay: isReplicating ? String(job.index % 90) : "-1",
    incre_trans_delay_millis: isReplicating ? String((job.index % 90) * 1000) : "-1",
    task_mode: TASK_MODES[job.kind],
    transfer_status: moment.status,
    process_time: moment.startedAtMs === null ? "0" : String(nowMs),
    remaining_time: percent === 100 ? "0" : String((100 - percent) * 6),
    progress_map: {
      struct: { completed: "100%", remaining_time: "0" },
      data: { completed: `${percent}%`, remaining_time: job.index % 2 === 0 ? null : String(100 - percent) },
      index: { completed: `${Math.max(0, percent - 20)}%`, remaining_time: null },
    },
    ...failure(job, moment, "batch-progress"),
  };
}

function detailRow(job: DrsJob, moment: DrsMoment): DrsRow {
  const isFullLoadOver = moment.status.startsWith("INCRE_") || moment.status.endsWith("_COMPLETE");
  return {
    id: job.id,
    parent_id: "",
    name: `replicate-orders-${job.index}`,
    status: moment.status,
    description: "made up by the sandbox",
    create_time: String(moment.createdAtMs),
    actual_start_time: instantText(job, moment.startedAtMs),
    full_transfer_complete_time: instantText(job, isFullLoadOver ? moment.updatedAtMs - 60_000 : null),
    update_time: String(moment.updatedAtMs),
    task_type: TASK_MODES[job.kind],
    db_use_type: ["migration", "sync", "cloudDataGuard"][job.index % 3],
    job_direction: job.index % 2 === 0 ? "up" : "down",
    net_type: "vpc",
    failed_reason: moment.status.endsWith("_FAILED") ? "The source database refused the connection." : "",
    inst_info: {
      engine_type: "mysql",
      start_time: instantText(job, moment.startedAtMs),
      status: "active",
      ip: SOURCE_ADDRESS,
    },
    master_job_id: null,
    node_role: "master",
    is_target_readonly: "true",
    source_endpoint: endpoint("on-premises", SOURCE_PASSWORD),
    target_endpoint: endpoint("rds", TARGET_PASSWORD),
    vpc_id: "3f1d2c4b-made-up-vpc",
    tags: { owner: "orders" },
    ...failure(job, moment, "batch-detail"),
  };
}

function endpoint(kind: string, password: string): DrsRow {
  return {
    db_type: "mysql",
    endpoint_type: kind,
    ip: SOURCE_ADDRESS,
    db_port: 3306,
    db_user: "replicator",
    db_password: password,
    ssl: { ssl_link: true, ssl_cert_name: "ca.pem", ssl_cert_key: CERTIFICATE_KEY, ssl_cert_password: password },
  };
}

/** An instant that has not come is an empty text or a zero. */
function instantText(job: DrsJob, epochMs: number | null): string {
  if (epochMs !== null) return String(epochMs);
  return job.index % 2 === 0 ? "" : "0";
}

function loosened(row: DrsRow): DrsRow {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, loosenedValue(key, value)]));
}

function loosenedValue(key: string, value: unknown): unknown {
  if (key.endsWith("_time") && value !== "") return Number(value);
  return key === "is_target_readonly" ? value === "true" : value;
}
