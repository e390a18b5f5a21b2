import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHealthRecord } from "../../src/batching/account-health.ts";
import { createBatching } from "../../src/batching/batching.ts";
import { createCallSequence } from "../../src/cache/call-sequence.ts";
import { createCredentialStore } from "../../src/http/credential-store.ts";
import type { OutboundRequest } from "../../src/http/exchange.ts";
import type { Send } from "../../src/http/send.ts";
import { eiotclub } from "../../src/providers/eiotclub/index.ts";
import type { EiotclubTaskState } from "../../src/providers/eiotclub/normalize.ts";
import type { CallAnswer, ProviderClient } from "../../src/providers/provider.ts";
import type { Outcome } from "../../src/tasks/outcome.ts";
import { taskCall, testStartAt } from "../support/client-tools.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";
import { createModelAdmission, wideOpen } from "./model/admission.ts";
import { keyOf, someTime } from "./task-keys.ts";

/** How the far side writes the rows of one answer. */
interface Disorder {
  /** Ids without a row. */
  readonly leftOut: readonly string[];
  /** Ids with a second row, which says something else. */
  readonly doubled: readonly string[];
  /** Ids that nobody asked for, some of which others ask for in other calls. */
  readonly foreign: readonly string[];
  /** Ids that are written as numbers, where they can be. */
  readonly numbers: boolean;
  /** Where each row stands, by its place in the question. */
  readonly order: readonly number[];
}

interface Question {
  readonly asked: readonly string[];
  readonly limit: number;
  readonly disorder: Disorder;
}

// Also ids that differ only in their zeros, above 2^53, or in what a number would keep of them.
const anId = fc.oneof(
  fc.integer({ min: 1, max: 40 }).map(String),
  fc.constantFrom("01", "001", "1e1", "9007199254740992", "9007199254740993", "__proto__", "-1", "A", "a"),
);

const aQuestion: fc.Arbitrary<Question> = fc.record({
  asked: fc.array(anId, { minLength: 1, maxLength: 30, size: "max" }),
  limit: fc.constantFrom(1, 2, 7, 100),
  disorder: fc.record({
    leftOut: fc.array(anId, { maxLength: 4 }),
    doubled: fc.array(anId, { maxLength: 4 }),
    foreign: fc.array(anId, { maxLength: 4 }),
    numbers: fc.boolean(),
    order: fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
  }),
});

/** The text of an answer to a signed query. */
function answerTo({ body }: OutboundRequest, { leftOut, doubled, foreign, numbers, order }: Disorder): string {
  const ids = String(JSON.parse(String(body)).ids).split(",");
  const rows = ids.filter((id) => !leftOut.includes(id)).map((id) => rowText(id, id, numbers));
  const shuffled = rows
    .map((row, index) => ({ row, place: order[index % order.length] ?? 0 }))
    .sort((left, right) => left.place - right.place)
    .map(({ row }) => row);
  const strangers = foreign.filter((id) => !ids.includes(id)).map((id) => rowText(id, `nobody's ${id}`, numbers));
  const repeated = ids
    .filter((id) => doubled.includes(id) && !leftOut.includes(id))
    .map((id) => rowText(id, "again", !numbers));
  return `{"code":"200","data":[${[...strangers, "null", ...shuffled, ...repeated].join()}]}`;
}

/** A row whose result tells whose it is. */
function rowText(id: string, whose: string, asNumber: boolean): string {
  const isPlainNumber = asNumber && /^[1-9]\d*$/.test(id);
  return `{"id":${isPlainNumber ? id : JSON.stringify(id)},"status":"1","result":${JSON.stringify(`result of ${whose}`)}}`;
}

/** The client as it is, without a network: `send` prepares, answers and judges, as the real one does. */
function createClient(disorder: Disorder): ProviderClient {
  const send: Send = async (call) => {
    const prepared = await call.prepare();
    if ("settled" in prepared) return prepared.settled;
    const text = answerTo(prepared.request, disorder);
    return call.judge({ kind: "response", status: 200, headers: {}, text, receivedAt: 1_700_000_000_000 }).value;
  };
  const now = (): number => testStartAt;
  const tools = { send, sendForCredentials: send, now, random: () => 0, credentials: createCredentialStore(now) };
  const account = eiotclub.accountSchema.parse({
    provider: "eiotclub",
    baseUrl: "https://upstream.invalid",
    appKey: "000001",
    secret: "a1b1c1d1",
  });
  return eiotclub.createClient(account, tools);
}

const distinct = (ids: readonly string[]): string[] => [...new Set(ids)];

describe("rows in any order, doubled, missing and foreign", { timeout: propertyTimeoutMs }, () => {
  it("are matched by id in the client of a provider", async () => {
    await fc.assert(
      fc.asyncProperty(aQuestion, async ({ asked, disorder }) => {
        const ids = distinct(asked);
        const answer = await createClient(disorder).fetchTasks(taskCall(ids));
        expect(foundIn(answer, ids)).toEqual(ids.map((id) => expectedOf(id, disorder)));
        expect(answer.kind === "answered" && answer.foreignRows).toBe(
          1 + disorder.foreign.filter((id) => !ids.includes(id)).length,
        );
      }),
      { numRuns: propertyRuns },
    );
  });

  it("are told to every key of every operation that shares the calls", async () => {
    await fc.assert(
      fc.asyncProperty(aQuestion, aQuestion, async ({ asked, limit, disorder }, { asked: askedToo }) => {
        const batching = createBatching({
          gatherMs: 5,
          accounts: new Map([
            [
              "one",
              {
                provider: "eiotclub",
                client: createClient(disorder),
                reads: [{ name: "query", maxIdsPerCall: limit, brings: [] }],
                health: createHealthRecord({ standing: () => "open" }),
                admission: createModelAdmission(wideOpen),
                maxWaitingIds: 10_000,
              },
            ],
          ]),
          metrics: silentMetrics,
          log: { error: () => undefined, warn: () => undefined },
          nextSequence: createCallSequence(() => 0).next,
          quarantineChanged: () => undefined,
          now: () => Date.now(),
        });
        const lists = [asked, askedToo];
        const outcomes = await Promise.all(
          lists.map((ids) =>
            batching.fetchTasks(
              ids.map((id) => keyOf("one", id)),
              someTime,
            ),
          ),
        );
        for (const [index, ids] of lists.entries()) {
          expect(outcomes[index]?.map(resultOf)).toEqual(ids.map((id) => expectedOf(id, disorder)));
        }
      }),
      { numRuns: propertyRuns },
    );
  });
});

const expectedOf = (id: string, { leftOut }: Disorder): string =>
  leftOut.includes(id) ? "NOT_RETURNED" : `result of ${id}`;

function foundIn(answer: CallAnswer, ids: readonly string[]): unknown[] {
  if (answer.kind !== "answered") return [answer.problem];
  return ids.map((id) => {
    const idAnswer = answer.answers.get(id);
    if (!idAnswer) return undefined;
    return "state" in idAnswer ? (idAnswer.state as EiotclubTaskState).result : idAnswer.problem.code;
  });
}

function resultOf(outcome: Outcome): unknown {
  return outcome.kind === "found" ? (outcome.state as EiotclubTaskState).result : outcome.problem.code;
}

/** Takes every figure. */
const silentMetrics = new Proxy({} as Parameters<typeof createBatching>[0]["metrics"], { get: () => () => undefined });
