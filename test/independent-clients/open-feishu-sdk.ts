import { Client, DefaultCache, defaultHttpInstance } from "@larksuiteoapi/node-sdk";

export interface FeishuApplication {
  readonly baseUrl: string;
  readonly appId: string;
  readonly appSecret: string;
}

/** What the SDK throws when the answer's HTTP status is not 2xx, as far as it is read here. */
export interface FeishuSdkError {
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly data: unknown;
  };
}

/** Asks for one task; the answer is the body as received. */
export type AskFeishu = (taskId: string) => Promise<unknown>;

const silent = { error: nothing, warn: nothing, info: nothing, debug: nothing, trace: nothing };

/** The vendor's own client, version 1.74: it has no typed method for this API and fetches its tenant token by itself. */
export function openFeishuSdk({ baseUrl, appId, appSecret }: FeishuApplication): AskFeishu {
  // It would go through a proxy that the environment names.
  defaultHttpInstance.defaults.proxy = false;
  // Tokens are kept per process and application unless a client has a cache of its own.
  const client = new Client({ appId, appSecret, domain: baseUrl, logger: silent, cache: new DefaultCache() });
  return (taskId) =>
    client.request({ method: "GET", url: "/open-apis/contact/v2/task/get", params: { task_id: taskId } });
}

function nothing(): void {}
