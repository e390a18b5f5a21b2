import { SEED_BATCH_ID } from "./huawei-dli-jobs.ts";

/** The editions disagree on the type of `appId`; the samples have an empty text and null too. */
export type AppIdForm = "text" | "array" | "empty" | "null";

/** Epoch milliseconds. */
export interface BatchTimes {
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** These must never leave a client: the submitted request and the proxy user are not for passing on. */
export const PLANTED_DLI_SECRETS = [
  "sandbox-planted-dli-obs-secret-8Wv2Kd6Yq0",
  "sandbox-planted-dli-jdbc-password-5Tn9Xc3Jm7",
  "sandbox-planted-dli-proxy-user-1Rb4Hs8Lf2",
] as const;

const [OBS_SECRET, JDBC_PASSWORD, PROXY_USER] = PLANTED_DLI_SECRETS;

/** The whole batch, as `GET /batches/{id}` answers it. There is no duration in it. */
export function batchRow(
  id: string,
  index: number,
  state: unknown,
  times: BatchTimes,
  appIdForm: AppIdForm,
): Record<string, unknown> {
  const queue = `spark_queue_${index % 3}`;
  return {
    id,
    appId: appId(id, appIdForm),
    name: index % 7 === 3 ? "" : `nightly-load-${index}`,
    owner: `owner-${index % 5}`,
    proxyUser: PROXY_USER,
    kind: "spark",
    sc_type: ["A", "B", "C", "CUSTOMIZED"][index % 4],
    queue,
    cluster_name: queue,
    // The vendor's editions disagree on whether these three are there.
    ...(index % 4 === 3 ? {} : { image: "", feature: "basic", spark_version: "3.1.1" }),
    state,
    create_time: times.createdAtMs,
    update_time: times.updatedAtMs,
    log: logTail(index),
    req_body: JSON.stringify(submittedRequest(queue)),
  };
}

/** The batch of the vendor's sample, but for its state: the sample itself says that. */
export function seedBatchRow(appIdForm: AppIdForm): Record<string, unknown> {
  const times = { createdAtMs: Date.UTC(2020, 0, 14, 2), updatedAtMs: Date.UTC(2020, 0, 14, 3) };
  return batchRow(SEED_BATCH_ID, 0, null, times, appIdForm);
}

function appId(id: string, form: AppIdForm): unknown {
  const text = `application_${id.slice(0, 8)}_0001`;
  return { text, array: [`application_${id.slice(0, 8)}_0000`, text], empty: "", null: null }[form];
}

/** At most ten lines, the only hint at why a job is dead. */
function logTail(index: number): readonly string[] {
  const lines = Array.from({ length: index % 11 }, (_, line) => `INFO SparkContext: stage ${line} of job ${index}`);
  return index % 11 === 0 ? lines : ["stdout:", ...lines.slice(1)];
}

function submittedRequest(queue: string): unknown {
  return {
    file: "obs://sandbox-bucket/nightly-load.jar",
    className: "com.example.NightlyLoad",
    cluster_name: queue,
    conf: { "spark.hadoop.fs.obs.secret.key": OBS_SECRET },
    args: ["--jdbc", `jdbc:mysql://10.0.0.7:3306/load?user=etl&password=${JDBC_PASSWORD}`],
  };
}
