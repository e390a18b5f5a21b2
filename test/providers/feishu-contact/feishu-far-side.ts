import { type FeishuContactAccount, feishuContact } from "../../../src/providers/feishu-contact/index.ts";
import type { ProviderClient } from "../../../src/providers/provider.ts";
import { createTestTools, type TestTools } from "../../support/client-tools.ts";
import { type AskedRequest, type FarAnswer, type FarSide, startFarSide } from "../../support/far-side.ts";

export type FeishuAnswering = (tokenValue: string | undefined) => FarAnswer | "reset" | Promise<FarAnswer | "reset">;

/** A Feishu of two endpoints, and an account of it. */
export interface FeishuFarSide {
  readonly client: ProviderClient;
  readonly tools: TestTools;
  readonly account: FeishuContactAccount;
  tokenCalls(): readonly AskedRequest[];
  taskCalls(): readonly AskedRequest[];
  close(): Promise<void>;
}

export interface FeishuFarSideOptions {
  /** Default: an endless supply of `t-1`, `t-2`, … of two hours each. */
  readonly token?: (call: number) => FarAnswer | "reset" | Promise<FarAnswer | "reset">;
  readonly task?: FeishuAnswering;
  readonly account?: Record<string, unknown>;
  readonly tools?: Parameters<typeof createTestTools>[0];
}

export const tokenAnswer = (value: string, expire: unknown = 7200): FarAnswer => ({
  body: { code: 0, msg: "ok", tenant_access_token: value, expire },
});

export const taskAnswer = (data: unknown): FarAnswer => ({ body: { code: 0, msg: "success", data } });

export async function openFeishu(options: FeishuFarSideOptions = {}): Promise<FeishuFarSide> {
  const { token = (call) => tokenAnswer(`t-${call}`), task = () => taskAnswer({ status: 1 }) } = options;
  const farSide: FarSide = await startFarSide((request) =>
    isTokenCall(request) ? token(farSide.asked.filter(isTokenCall).length) : task(tokenOf(request)),
  );
  const tools = createTestTools(options.tools);
  const account = feishuContact.accountSchema.parse({
    provider: "feishu-contact",
    baseUrl: farSide.baseUrl,
    appId: "cli_1",
    appSecret: "s3cret",
    ...options.account,
  });
  return {
    client: feishuContact.createClient(account, tools),
    tools,
    account,
    tokenCalls: () => farSide.asked.filter(isTokenCall),
    taskCalls: () => farSide.asked.filter((request) => !isTokenCall(request)),
    async close() {
      await tools.close();
      await farSide.close();
    },
  };
}

const isTokenCall = ({ path }: AskedRequest): boolean => path.startsWith("/open-apis/auth/");

const tokenOf = ({ headers }: AskedRequest): string | undefined => headers.authorization?.replace(/^Bearer /, "");
