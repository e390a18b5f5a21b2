import { BasicCredentials } from "@huaweicloud/huaweicloud-sdk-core";
import { HcClient } from "@huaweicloud/huaweicloud-sdk-core/HcClient.js";
import { DefaultHttpClient } from "@huaweicloud/huaweicloud-sdk-core/http/DefaultHttpClient.js";
import { LogLevel } from "@huaweicloud/huaweicloud-sdk-core/logger/index.js";

export interface HuaweiKeys {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly securityToken?: string;
}

/** `{project_id}` in a path is filled in by the SDK, from its credentials. */
export interface HuaweiCall {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly pathParams?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly data?: Fields;
}

/** What the SDK throws for a status of 4xx or 5xx. */
export interface HuaweiSdkError {
  readonly httpStatusCode: number;
  readonly errorCode?: string;
  readonly errorMsg?: string;
}

export type Fields = Readonly<Record<string, unknown>>;

/** The answer's body, with its status put in as `httpStatusCode`. */
export type AskHuawei = (call: HuaweiCall) => Promise<Fields>;

const silent = {
  error: nothing,
  warn: nothing,
  info: nothing,
  debug: nothing,
  setLevel: nothing,
  setName: nothing,
  getLevel: () => LogLevel.ERROR,
};

/**
 * The vendor's own client, version 3.1.211, as its `ClientBuilder` puts it together. The builder itself needs a package
 * that it does not declare, and would leave a file in the user's home.
 */
export function openHuaweiSdk(baseUrl: string, projectId: string, keys: HuaweiKeys): AskHuawei {
  const credentials = new BasicCredentials()
    .withAk(keys.accessKey)
    .withSk(keys.secretKey)
    .withSecurityToken(keys.securityToken)
    .withProjectId(projectId);
  const http = new DefaultHttpClient({ logger: silent }, [baseUrl]);
  const client = new HcClient(http).withEndpoints([baseUrl]).withCredential(credentials);
  return async ({ method, path, pathParams = {}, headers = {}, data }) => {
    const answer = await client.sendRequest({
      method,
      url: path,
      contentType: "application/json",
      queryParams: {},
      pathParams,
      headers: { ...headers },
      ...(data && { data }),
    });
    return { ...answer };
  };
}

export function askState(ask: AskHuawei, id: string): Promise<Fields> {
  return ask({ method: "GET", path: "/v2.0/{project_id}/batches/{batch_id}/state", pathParams: { batch_id: id } });
}

export function askBatch(ask: AskHuawei, id: string): Promise<Fields> {
  return ask({ method: "GET", path: "/v2.0/{project_id}/batches/{batch_id}", pathParams: { batch_id: id } });
}

/** Pages are asked for where the API has them. */
export function askJobs(ask: AskHuawei, read: string, jobs: readonly string[]): Promise<Fields> {
  const page = read === "batch-progress" ? {} : { page_req: { cur_page: 1, per_page: 100 } };
  return ask({
    method: "POST",
    path: `/v3/{project_id}/jobs/${read}`,
    headers: { "X-Language": "en-us" },
    data: { jobs, ...page },
  });
}

function nothing(): void {}
