import { onTestFinished } from "vitest";
import { huaweiDrs } from "../../../src/providers/huawei-drs/index.ts";
import type { CallAnswer, ProviderClient } from "../../../src/providers/provider.ts";
import { createTestTools, taskCall } from "../../support/client-tools.ts";
import { type Answering, type AskedRequest, type FarAnswer, startFarSide } from "../../support/far-side.ts";

export interface DrsAccountUnderTest {
  readonly asked: readonly AskedRequest[];
  readonly client: ProviderClient;
}

/** A client whose far side answers as told. */
export async function openAccount(
  answering: Answering,
  options: Readonly<Record<string, unknown>> = {},
): Promise<DrsAccountUnderTest> {
  const farSide = await startFarSide(answering);
  const tools = createTestTools();
  onTestFinished(async () => {
    await tools.close();
    await farSide.close();
  });
  const account = huaweiDrs.accountSchema.parse({
    provider: "huawei-drs",
    baseUrl: farSide.baseUrl,
    projectId: "p1",
    auth: { accessKey: "AK0001", secretKey: "SECRET-KEY-0001" },
    ...options,
  });
  return { asked: farSide.asked, client: huaweiDrs.createClient(account, tools) };
}

/** Distinct ids of real form: `…fjb01`, `…fjb02`. */
export function jobIds(count: number): string[] {
  return Array.from({ length: count }, (_none, index) => {
    return `9a470239-2308-4bb5-a6bc-10404${String(index).padStart(3, "0")}jb21`;
  });
}

export function askedIds({ body }: AskedRequest): string[] {
  return (JSON.parse(body) as { jobs: string[] }).jobs;
}

export const rowOf = (id: string, status = "INCRE_TRANSFER_STARTED"): Record<string, unknown> => ({ id, status });

export const page = (rows: readonly unknown[]): FarAnswer => ({ body: { results: rows, count: rows.length } });

/** Fetches with time for quick repeats. */
export function fetchJobs({ client }: DrsAccountUnderTest, ids: readonly string[]): Promise<CallAnswer> {
  return client.fetchTasks(taskCall(ids));
}

/** Per id: its status, or the code of its problem. */
export function outcomes(answer: CallAnswer): Record<string, string> {
  if (answer.kind === "failed") throw new Error(`The call failed: ${answer.problem.code}`);
  const entries = [...answer.answers].map(([id, one]) => [
    id,
    "state" in one ? one.state.rawStatus.value : one.problem.code,
  ]);
  return Object.fromEntries(entries);
}

/** The same outcome for every id. */
export function all(ids: readonly string[], outcome: string): Record<string, string> {
  return Object.fromEntries(ids.map((id) => [id, outcome]));
}
