import { signSortedParameters } from "../../src/signing/sorted-parameters.ts";
import { businessId, callLimits } from "./workload.ts";

/** What the servers that the subgraph is compared with send to the upstreams, and what they make of a row. */

export interface PlainTask {
  readonly id: string;
  readonly status: string;
  readonly isTerminal: boolean;
  readonly rawStatus: { readonly value: string };
  readonly name: string | null;
}

export interface UpstreamRequest {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface BenchedProvider {
  readonly typename: string;
  readonly maxIdsPerCall: number;
  request(localIds: readonly string[]): UpstreamRequest;
  /** Tasks of an answer's body, by public id. */
  read(body: unknown): PlainTask[];
}

const eiotclub: BenchedProvider = {
  typename: "EiotclubTask",
  maxIdsPerCall: callLimits.eiotclub,
  request(localIds) {
    const nonce = 10_000 + Math.floor(Math.random() * 90_000);
    const parameters = { appkey: "bench", timestamp: Math.floor(Date.now() / 1000), nonce, ids: localIds.join(",") };
    const scheme = { secretJoiner: "&secret=", digest: "sha1", letterCase: "upper", dropsEmpty: true } as const;
    const sign = signSortedParameters(parameters, "bench-secret", scheme);
    return {
      path: "/api/v3/task/query",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...parameters, sign }),
    };
  },
  read: (body) =>
    (body as { data: { id: string; status: string }[] }).data.map(({ id, status }) =>
      plainTask(`sim:${id}`, status, eiotclubStatus, null),
    ),
};

const bkSops: BenchedProvider = {
  typename: "SopsTask",
  maxIdsPerCall: callLimits.bkSops,
  request: (localIds) => ({
    path: `/get_tasks_status/${businessId}/`,
    headers: {
      "content-type": "application/json",
      "x-bkapi-authorization": '{"bk_app_code":"bench","bk_app_secret":"bench-secret","bk_username":"bench"}',
    },
    body: JSON.stringify({
      task_id_list: localIds.map(Number),
      scope: "cmdb_biz",
      include_children_status: false,
    }),
  }),
  read: (body) =>
    (body as { data: { id: number; name: string; status: { state: string } }[] }).data.map(({ id, name, status }) =>
      plainTask(`ops:${businessId}/${id}`, status.state, bkSopsStatus, name),
    ),
};

const eiotclubStatus: Readonly<Record<string, string>> = { "0": "PENDING", "1": "RUNNING", "2": "SUCCEEDED" };
const bkSopsStatus: Readonly<Record<string, string>> = {
  CREATED: "PENDING",
  RUNNING: "RUNNING",
  FINISHED: "SUCCEEDED",
};

function plainTask(
  id: string,
  value: string,
  statuses: Readonly<Record<string, string>>,
  name: string | null,
): PlainTask {
  const status = statuses[value] ?? "UNKNOWN";
  return { id, status, isTerminal: status === "SUCCEEDED", rawStatus: { value }, name };
}

export const benchedProviders = [eiotclub, bkSops] as const;

export const providerOf = (publicId: string): BenchedProvider => (publicId.startsWith("sim:") ? eiotclub : bkSops);

/** The upstream's part of a public id. */
export const localIdOf = (publicId: string): string =>
  publicId.slice(Math.max(publicId.indexOf(":"), publicId.indexOf("/")) + 1);
