import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCredentialStore } from "../../src/http/credential-store.ts";
import type { CallAnswer, Provider, ProviderRead } from "../../src/providers/provider.ts";
import { providers } from "../../src/providers/registry.ts";
import type { AccountOptions } from "../../src/providers/shared/account-options.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { HeldTask } from "../../src/sandbox/upstream.ts";
import { problemCodes } from "../../src/tasks/problem.ts";
import type { TaskState } from "../../src/tasks/task.ts";
import { ask as askUpstream } from "../sandbox/ask-upstream.ts";
import { createTestTools, type TestTools, taskCall, testStartAt } from "../support/client-tools.ts";
import { type AccountEntry, answersOf, ask, type Batch, batchesOf, openAccount } from "../support/contract-account.ts";
import { readableTasks } from "../support/contract-answers.ts";
import { type AskedRequest, type FarAnswer, type FarSide, startFarSide } from "../support/far-side.ts";
import { mutate, mutations, textMutation } from "../support/hostile-json.ts";
import { comparableStatus, findRowShape, type RowShape, servedStatuses } from "../support/served-rows.ts";
import { stateFaults } from "../support/state-shape.ts";

const casesPerProvider = 330;

/** An answer as the emulated upstream gives it, and what it was asked. */
interface Recorded {
  readonly batch: Batch;
  readonly text: string;
  readonly shape: RowShape;
}

const sandbox = await startSandbox({ now: () => testStartAt });

afterAll(() => sandbox.close());

describe.each([...providers.values()])("the client of $id, given answers with anything in them", (provider) => {
  const [[name, entry] = ["", {}]] = Object.entries(sandbox.accounts()).filter(
    ([, { provider: id }]) => id === provider.id,
  );
  let relay: Relay;
  let tools: TestTools;
  let terminalWords: ReadonlySet<string>;

  beforeAll(async () => {
    relay = await startRelay(sandbox, provider, entry);
    tools = createTestTools();
    terminalWords = await learnTerminalWords(provider, name, entry);
  });

  afterAll(async () => {
    await relay.close();
    await tools.close();
  });

  /** A client of its own for each answer: one that was refused may stay silent for a while. */
  function askFresh(account: AccountOptions, { read, scope, tasks }: Batch, facets: string[]): Promise<CallAnswer> {
    const client = provider.createClient(account, { ...tools, credentials: createCredentialStore(tools.now) });
    return client.fetchTasks(taskCall([...tasks.keys()], { read: read.name, scope, facets: new Set(facets) }));
  }

  it.each(provider.reads)(
    "by $name, answers every id with what is true of it, or with a problem",
    async (read) => {
      const recorded = await recordAnswers(provider, name, read, relay);
      const account = provider.accountSchema.parse(relay.entry);

      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...recorded),
          mutations,
          textMutation,
          fc.constantFrom(200, 200, 200, 200, 400, 404, 500),
          fc.subarray([...read.brings]),
          async ({ batch, text, shape }, changes, last, status, facets) => {
            const localIds = [...batch.tasks.keys()];
            const served = mutate(text, changes, last, localIds);
            relay.serve({ status, headers: { "content-type": "application/json" }, body: served });

            const answer = await askFresh(account, batch, facets);

            checkProblems(answer);
            for (const [localId, idAnswer] of answersOf(answer, localIds)) {
              if (!("state" in idAnswer)) continue;
              const { state } = idAnswer;
              expect(stateFaults(state, provider)).toEqual([]);
              const isAskedAlone = relay.questions().some((question) => mentionsOnly(question, localId, localIds));
              const statuses = servedStatuses(served, shape, localId, isAskedAlone).map(comparableStatus);
              expect(statuses).toContain(comparableStatus(state.rawStatus.value));
              if (state.isTerminal) expect(terminalWords).toContain(foldedWord(state));
            }
          },
        ),
        { numRuns: Math.ceil(casesPerProvider / provider.reads.length) },
      );
    },
    30_000,
  );

  it.each(provider.reads)("by $name, takes no word that every object knows for one of its own", async (read) => {
    const [recorded] = await recordAnswers(provider, name, read, relay);
    if (!recorded) throw new Error("Nothing was recorded.");
    const account = provider.accountSchema.parse(relay.entry);
    const { batch, text } = recorded;

    for (const served of answersWithBuiltInWords(text)) {
      for (const status of [200, 400, 500]) {
        relay.serve({ status, headers: { "content-type": "application/json" }, body: served });

        const answer = await askFresh(account, batch, [...read.brings]);

        checkProblems(answer);
        for (const idAnswer of answersOf(answer, batch.tasks.keys()).values()) {
          if ("state" in idAnswer) expect(stateFaults(idAnswer.state, provider), served).toEqual([]);
        }
      }
    }
  });
});

const builtInWords = ["constructor", "__proto__"];

/** An answer with such a word as its code, or as a row's code with one of the answer's values left out. */
function answersWithBuiltInWords(text: string): string[] {
  const places = [0, 1, 2, 3, 4, 5];
  const answers = builtInWords.flatMap((value) =>
    ["code", "error_code"].flatMap((key) =>
      places.flatMap((left) =>
        places.map((place) => {
          const leaveOut = { kind: "delete", place: left + 1, key, value } as const;
          return mutate(text, [leaveOut, { kind: "add", place, key, value }], "none", []);
        }),
      ),
    ),
  );
  return [...new Set(answers)];
}

/** Everywhere in an answer: known codes, short texts of our own, times that can be shown. */
function checkProblems(answer: CallAnswer): void {
  const idAnswers = answer.kind === "failed" ? [answer] : [...answer.answers.values()];
  for (const idAnswer of idAnswers) {
    if (!("problem" in idAnswer)) continue;
    const { code, message, retryable, retryAfterAt, upstreamCode, upstreamRequestId } = idAnswer.problem;
    expect(problemCodes).toContain(code);
    expect(message).toMatch(/^[A-Za-z -]{1,150}(?:\(HTTP \d{3}\))?\.$/);
    expect(retryable).toBeTypeOf("boolean");
    if (retryAfterAt !== null) expect(new Date(retryAfterAt).getUTCFullYear()).toBe(2026);
    for (const token of [upstreamCode, upstreamRequestId])
      if (token !== null) expect(token).toMatch(/^[\w.:/+=-]{1,128}$/);
  }
}

function mentionsOnly(question: string, localId: string, localIds: readonly string[]): boolean {
  return localIds.every((id) => question.includes(id) === (id === localId));
}

function foldedWord({ rawStatus }: TaskState): string {
  return rawStatus.value.trim().toLowerCase();
}

/** The words under which the upstream's untouched answers are final; nothing that is done to them makes other words so. */
async function learnTerminalWords(provider: Provider, name: string, entry: AccountEntry): Promise<Set<string>> {
  const account = openAccount(name, entry);
  const words = new Set<string>();
  for (const batch of batchesOf(readableTasks(provider, sandbox, name), provider, provider.reads[0])) {
    for (const answer of answersOf(await ask(account, batch), batch.tasks.keys()).values()) {
      if ("state" in answer && answer.state.isTerminal) words.add(foldedWord(answer.state));
    }
  }
  await account.close();
  return words;
}

/** Stands between a client and the sandbox, and can put an answer of its own in the place of those about tasks. */
interface Relay {
  /** The account, asking here instead of the sandbox. */
  readonly entry: AccountEntry;
  /** Bodies of answers about tasks that passed, oldest first. */
  readonly passed: string[];
  /** From now on, every question about tasks gets this answer. */
  serve(answer: FarAnswer): void;
  /** What was asked since then: path and body. */
  questions(): string[];
  /** From now on, the sandbox answers everything. */
  pass(): void;
  close(): Promise<void>;
}

async function startRelay(sandbox: Sandbox, provider: Provider, entry: AccountEntry): Promise<Relay> {
  const upstream = sandbox.upstream(provider.id);
  const passed: string[] = [];
  const taskPaths = new Set<string>();
  let served: FarAnswer | null = null;
  let askedBefore = 0;

  async function pass({ method, path, headers, body }: AskedRequest): Promise<FarAnswer> {
    const before = upstream.totals.taskCalls;
    const answer = await askUpstream(upstream.url + path, { method, headers: headers as Record<string, string>, body });
    if (upstream.totals.taskCalls > before) {
      taskPaths.add(pathname(path));
      passed.push(answer.text);
    }
    return { status: answer.status, headers: { "content-type": "application/json" }, body: answer.text };
  }

  const farSide: FarSide = await startFarSide((request) => {
    return served && taskPaths.has(pathname(request.path)) ? served : pass(request);
  });
  const baseUrl = String(entry.baseUrl).replace(upstream.url, farSide.baseUrl);
  return {
    entry: { ...entry, baseUrl },
    passed,
    serve: (answer) => {
      served = answer;
      askedBefore = farSide.asked.length;
    },
    questions: () => farSide.asked.slice(askedBefore).map(({ path, body }) => `${path} ${body}`),
    pass: () => {
      served = null;
    },
    close: () => farSide.close(),
  };
}

function pathname(path: string): string {
  return new URL(path, "http://far-side").pathname;
}

const recordedPerRead = 4;

/** Real answers about a few tasks, taken from all over what the sandbox holds. */
async function recordAnswers(provider: Provider, name: string, read: ProviderRead, relay: Relay): Promise<Recorded[]> {
  const tasks = readableTasks(provider, sandbox, name);
  const few: HeldTask[] = tasks.filter((_, index) => index % Math.ceil(tasks.length / 12) === 0);
  const batches = batchesOf(few, provider, { ...read, maxIdsPerCall: Math.min(4, read.maxIdsPerCall) });
  await sandbox.reset();
  relay.pass();
  const account = openAccount(name, relay.entry);
  const recorded: Recorded[] = [];
  for (const batch of batches.slice(0, recordedPerRead)) {
    relay.passed.length = 0;
    await ask(account, batch, { facets: read.brings });
    const [text = ""] = relay.passed;
    const [[localId, { rawStatus }] = ["", { rawStatus: "" }]] = batch.tasks;
    recorded.push({ batch, text, shape: findRowShape(text, localId, rawStatus) });
  }
  await account.close();
  return recorded;
}
