import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OpenAccount } from "../../src/open-accounts.ts";
import type { Provider, ProviderRead } from "../../src/providers/provider.ts";
import type { Fault } from "../../src/sandbox/faults.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { ProblemCode } from "../../src/tasks/problem.ts";
import { testStartAt } from "./client-tools.ts";
import {
  type AccountEntry,
  answersOf,
  ask,
  type Batch,
  batchesOf,
  mapTexts,
  openAccount,
  problemsIn,
  secretTexts,
} from "./contract-account.ts";
import { readableTasks } from "./contract-answers.ts";

interface Trouble {
  readonly title: string;
  readonly fault: Fault;
  readonly code: ProblemCode;
}

/** Whatever an upstream says, it is said in our words. */
const upstreamText = "echo of a password";
const echo = { message: upstreamText, msg: upstreamText, error_msg: upstreamText, detail: upstreamText };

const troubles: readonly Trouble[] = [
  { title: "HTTP 500", fault: { kind: "status", status: 500, body: echo }, code: "UPSTREAM_UNAVAILABLE" },
  { title: "HTTP 503", fault: { kind: "status", status: 503, body: upstreamText }, code: "UPSTREAM_UNAVAILABLE" },
  { title: "HTTP 504", fault: { kind: "status", status: 504 }, code: "TIMEOUT" },
  { title: "HTTP 404 of a proxy", fault: { kind: "html", status: 404 }, code: "UPSTREAM_ERROR" },
  { title: "an HTML page of a proxy", fault: { kind: "html", status: 502 }, code: "UPSTREAM_UNAVAILABLE" },
  { title: "an HTML page under HTTP 200", fault: { kind: "html", status: 200 }, code: "UPSTREAM_MALFORMED" },
  {
    title: "an object of another shape",
    fault: { kind: "status", status: 200, body: echo },
    code: "UPSTREAM_MALFORMED",
  },
  { title: "a JSON null", fault: { kind: "status", status: 200, body: "null" }, code: "UPSTREAM_MALFORMED" },
  { title: "a JSON list", fault: { kind: "status", status: 200, body: [[]] }, code: "UPSTREAM_MALFORMED" },
  { title: "an empty answer", fault: { kind: "empty" }, code: "UPSTREAM_MALFORMED" },
  { title: "half an answer", fault: { kind: "cut-body" }, code: "UPSTREAM_UNAVAILABLE" },
  { title: "a reset connection", fault: { kind: "reset" }, code: "UPSTREAM_UNAVAILABLE" },
  { title: "an answer of 6 MiB", fault: { kind: "huge", bytes: 6 * 1024 * 1024 }, code: "UPSTREAM_MALFORMED" },
  { title: "no answer", fault: { kind: "silence" }, code: "TIMEOUT" },
  { title: "HTTP 429", fault: { kind: "throttle", retryAfterSeconds: 7 }, code: "RATE_LIMITED" },
];

/** Short, so that an upstream that stays silent is given up soon. */
const timeoutMs = 120;

/** What a provider answers when its upstream does not, or refuses. */
export function testFailures(provider: Provider, sandbox: Sandbox): void {
  const accounts = Object.entries(sandbox.accounts()).filter(([, { provider: id }]) => id === provider.id);
  const upstream = sandbox.upstream(provider.id);

  describe.each(accounts.slice(0, 1))("in trouble of any kind, through %s", (name, entry) => {
    let account: OpenAccount;

    beforeEach(async () => {
      await sandbox.reset();
      account = openAccount(name, { ...entry, timeoutMs });
    });

    afterEach(() => account.close());

    for (const read of provider.reads) {
      it.each(troubles)(`makes of $title, by ${read.name}, the problem $code of every id`, async ({ fault, code }) => {
        upstream.fault(fault);
        const batch = batchOf(provider, sandbox, name, read);

        const problems = problemsIn(answersOf(await ask(account, batch), batch.tasks.keys()));

        expect(problems.map((problem) => problem.code)).toEqual([...batch.tasks].map(() => code));
        for (const { message } of problems) expect(message, "in our own words").not.toContain(upstreamText);
        for (const { message } of problems) expect(message.length).toBeLessThan(200);
      });
    }
  });

  describe.each(accounts)("in trouble, through %s", (name, entry) => {
    let account: OpenAccount;

    beforeEach(async () => {
      await sandbox.reset();
      account = openAccount(name, { ...entry, timeoutMs });
    });

    afterEach(() => account.close());

    const firstBatch = (): Batch => batchOf(provider, sandbox, name, provider.reads[0]);

    it("asks no sooner than the upstream permits, and passes its hint on", async () => {
      upstream.fault({ kind: "throttle", retryAfterSeconds: 7 });
      const batch = firstBatch();

      const problems = problemsIn(answersOf(await ask(account, batch), batch.tasks.keys()));

      for (const problem of problems)
        expect(problem).toMatchObject({ retryable: true, retryAfterAt: testStartAt + 7_000 });
      expect(upstream.taskCalls, "a call that was told to wait is not repeated before").toHaveLength(1);
    });

    it("gets over a trouble that passes", async () => {
      upstream.fault({ kind: "reset", times: 1 });
      const batch = firstBatch();

      const answers = answersOf(await ask(account, batch), batch.tasks.keys());

      expect(problemsIn(answers)).toEqual([]);
    });

    it("answers at once when nobody waits any more", async () => {
      upstream.fault({ kind: "silence" });
      const leaving = new AbortController();
      const batch = firstBatch();
      const asking = ask(account, batch, { signal: leaving.signal });
      await expect.poll(() => upstream.taskCalls.length).toBe(1);

      leaving.abort();
      const answer = await Promise.race([asking, new Promise((resolve) => setImmediate(resolve, "still waiting"))]);

      expect(answer, "fetchTasks must end with its signal").not.toBe("still waiting");
      const problems = problemsIn(answersOf(await asking, batch.tasks.keys()));
      expect(problems.map(({ code }) => code)).toEqual([...batch.tasks].map(() => "TIMEOUT"));
    });

    it("asks nobody when nobody waits from the start", async () => {
      const batch = firstBatch();

      const answer = await ask(account, batch, { signal: AbortSignal.abort() });

      const problems = problemsIn(answersOf(answer, batch.tasks.keys()));
      expect(problems.map(({ code }) => code)).toEqual([...batch.tasks].map(() => "TIMEOUT"));
      expect(upstream.taskCalls).toHaveLength(0);
    });

    it("tells that its credentials are refused, without trying them again and again", async () => {
      const stranger = openAccount(name, withWrongSecrets(provider, entry));
      const batch = firstBatch();

      const problems = problemsIn(answersOf(await ask(stranger, batch), batch.tasks.keys()));
      await stranger.close();

      expect(problems.map(({ code }) => code)).toEqual([...batch.tasks].map(() => "AUTH_FAILED"));
      expect(upstream.taskCalls.length, "task calls with refused credentials").toBeLessThanOrEqual(2);
    });

    it("shows no secret in a problem or a state", async () => {
      const secrets = secretTexts(provider.accountSchema.parse(entry));
      upstream.fault({ kind: "status", status: 400, body: { ...echo, code: secrets[0], error_code: secrets[0] } });
      const batch = firstBatch();

      const shown = JSON.stringify([...answersOf(await ask(account, batch), batch.tasks.keys())]);

      for (const secret of secrets) expect(shown).not.toContain(secret);
    });
  });
}

function batchOf(provider: Provider, sandbox: Sandbox, account: string, read: ProviderRead): Batch {
  const [batch] = batchesOf(readableTasks(provider, sandbox, account).slice(0, 5), provider, read);
  if (!batch) throw new Error("The sandbox has no task.");
  return batch;
}

/** The same account with every secret replaced by one of the same length and letters that nobody knows. */
function withWrongSecrets(provider: Provider, entry: AccountEntry): AccountEntry {
  const secrets = new Set(secretTexts(provider.accountSchema.parse(entry)));
  return mapTexts(entry, (text) => (secrets.has(text) ? [...text].reverse().join("") : text));
}
