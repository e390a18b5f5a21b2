import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askDividing } from "../../src/batching/divide.ts";
import type { OpenAccount } from "../../src/open-accounts.ts";
import type { IdAnswer, Provider, ProviderRead } from "../../src/providers/provider.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { HeldTask } from "../../src/sandbox/upstream.ts";
import type { TaskState } from "../../src/tasks/task.ts";
import { testStartAt } from "./client-tools.ts";
import { answersOf, ask, type Batch, batchesOf, openAccount, parsedId, unknownIds } from "./contract-account.ts";
import { stateFaults, typeOfTask } from "./state-shape.ts";

/** What a provider answers when its upstream answers. */
export function testAnswers(provider: Provider, sandbox: Sandbox): void {
  const accounts = Object.entries(sandbox.accounts()).filter(([, { provider: id }]) => id === provider.id);
  const upstream = sandbox.upstream(provider.id);

  describe.each(accounts)("asked through %s", (name, entry) => {
    let account: OpenAccount;

    beforeEach(async () => {
      await sandbox.reset();
      account = openAccount(name, entry);
    });

    afterEach(() => account.close());

    const tasksOfAccount = (): readonly HeldTask[] => readableTasks(provider, sandbox, name);

    for (const read of provider.reads) {
      describe(`by ${read.name}`, () => {
        for (const facets of facetSets(read)) {
          const what = facets.length === 0 ? "no facet" : facets.join(" and ");

          it(`answers every task with its raw status and exactly the fields of its type, with ${what}`, async () => {
            const states = await statesOf(account, batchesOf(tasksOfAccount(), provider, read), facets);

            for (const [{ rawStatus, upstreamId }, state] of states) {
              const shown = `${upstreamId} by ${read.name} with ${what}`;
              expect(state.rawStatus.value, `the raw status of ${shown}`).toBe(rawStatus);
              expect(stateFaults(state, provider), shown).toEqual([]);
              expect(structuredClone(state), `${shown} is plain data`).toStrictEqual(state);
              expect(JSON.parse(JSON.stringify(state)), `${shown} survives JSON`).toStrictEqual(state);
            }
          });
        }

        it.each(facetChoices(provider, read))("tells nothing beyond $what", async ({ facets, unwanted }) => {
          const states = await statesOf(account, batchesOf(tasksOfAccount(), provider, read), facets);

          for (const [{ upstreamId }, state] of states) {
            const told = unwanted.filter((field) => fieldOf(state, field) !== null);
            expect(told, `${upstreamId}: what costs more, or is personal, stays null until it is wanted`).toEqual([]);
          }
        });

        it.each(read.brings)("brings something with %s", async (facet) => {
          const states = await statesOf(account, batchesOf(tasksOfAccount(), provider, read), [facet]);

          const fields = provider.facets[facet] ?? [];
          const told = states.some(([, state]) => fields.some((field) => fieldOf(state, field) !== null));
          expect(told, `no task of the sandbox has a value in any of ${fields}`).toBe(true);
        });

        it("answers the same again when somebody froze what it answered first", async () => {
          const [batch] = batchesOf(tasksOfAccount(), provider, read);
          if (!batch) throw new Error("The sandbox has no task.");
          const first = answersOf(await ask(account, batch, { facets: read.brings }), batch.tasks.keys());
          deepFreeze([...first.values()]);

          const second = answersOf(await ask(account, batch, { facets: read.brings }), batch.tasks.keys());

          expect([...second]).toEqual([...first]);
        });

        it("answers an unknown id among others with NOT_FOUND or NOT_RETURNED, and the others as ever", async () => {
          const [task] = tasksOfAccount();
          if (!task) throw new Error("The sandbox has no task.");
          const [unknown] = unknownIds(upstream.tasks(), provider, task);
          if (!unknown) throw new Error(`No id like ${task.upstreamId} could be made up.`);
          const { scope, localId } = parsedId(provider, task.upstreamId);
          const asked = read.maxIdsPerCall > 1 ? [localId, unknown.localId] : [unknown.localId];

          const answers = await askInHalves(account, { read, scope }, asked);

          const answer = answers.get(unknown.localId);
          const code = answer && "problem" in answer ? answer.problem.code : "a state";
          expect(code, "an id that the upstream does not know").toMatch(/^NOT_(FOUND|RETURNED)$/);
          if (read.maxIdsPerCall > 1) expect(rawStatusOf(answers.get(localId))).toBe(task.rawStatus);
        });

        it.each(disorders(upstream.switches))("answers the same when the upstream has $title", async ({ variants }) => {
          const [batch] = batchesOf(tasksOfAccount(), provider, read);
          if (!batch) throw new Error("The sandbox has no task.");
          const inOrder = answersOf(await ask(account, batch), batch.tasks.keys());

          for (const switches of variants) {
            await sandbox.reset();
            upstream.set(switches);
            const answer = await ask(account, batch);
            if (upstream.calls.some(({ status }) => status === unknownVariant)) continue;

            const shown = `with ${JSON.stringify(switches)}`;
            expect(Object.fromEntries(answersOf(answer, batch.tasks.keys())), shown).toEqual(
              Object.fromEntries(inOrder),
            );
            const foreignRows = answer.kind === "answered" ? answer.foreignRows : 0;
            expect(foreignRows > 0, "rows that nobody asked for are counted").toBe("foreignRows" in switches);
          }
        });
      });
    }

    it("answers probeId with a problem of the id, and not of the account", async () => {
      const [read] = provider.reads;
      const { scope, localId } = parsedId(provider, provider.probeId);

      const answer = answersOf(await ask(account, { read, scope, tasks: [[localId, null]] }), [localId]).get(localId);

      const message = "validate --live asks for probeId: no task is likely to have it, and good credentials may ask";
      const code = answer && "problem" in answer ? answer.problem.code : "a state";
      expect(["NOT_FOUND", "NOT_RETURNED", "INVALID_ID", "UPSTREAM_ERROR"], message).toContain(code);
    });

    it("answers with the time at which the upstream answered", async () => {
      const [batch] = batchesOf(tasksOfAccount(), provider, provider.reads[0]);
      if (!batch) throw new Error("The sandbox has no task.");

      const answer = await ask(account, batch);

      expect(answer).toMatchObject({ kind: "answered", observedAt: testStartAt, foreignRows: 0 });
    });
  });
}

/** Accounts of one provider may read the same tasks; the sandbox names one of them. */
export function readableTasks(provider: Provider, sandbox: Sandbox, account: string): readonly HeldTask[] {
  const tasks = sandbox.upstream(provider.id).tasks();
  const own = tasks.filter((task) => task.account === account);
  return own.length > 0 ? own : tasks;
}

/** None, and all of them together. */
function facetSets({ brings }: ProviderRead): (readonly string[])[] {
  return brings.length === 0 ? [[]] : [[], brings];
}

async function statesOf(
  account: OpenAccount,
  batches: readonly Batch[],
  facets: readonly string[],
): Promise<[HeldTask, TaskState][]> {
  const states: [HeldTask, TaskState][] = [];
  for (const batch of batches) {
    const answers = answersOf(await ask(account, batch, { facets }), batch.tasks.keys());
    for (const [localId, task] of batch.tasks) {
      const answer = answers.get(localId);
      if (!answer || !("state" in answer)) {
        throw new Error(`${task.upstreamId}, which the sandbox holds, has a problem: ${JSON.stringify(answer)}`);
      }
      states.push([task, answer.state]);
    }
  }
  return states;
}

/** As batching asks: a call that one id can fail is divided. */
async function askInHalves(
  account: OpenAccount,
  call: Pick<Batch, "read" | "scope">,
  asked: readonly string[],
): Promise<ReadonlyMap<string, IdAnswer>> {
  const answers = new Map<string, IdAnswer>();
  await askDividing(asked, {
    ask: (ids) => ask(account, { ...call, tasks: ids.map((id) => [id, null] as const) }),
    tell({ answer, tasks: localIds }) {
      for (const [localId, idAnswer] of answersOf(answer, localIds)) answers.set(localId, idAnswer);
    },
  });
  return answers;
}

interface FacetChoice {
  readonly what: string;
  readonly facets: readonly string[];
  /** Fields that are to stay null. */
  readonly unwanted: readonly string[];
}

/** None, for which the plain read is there; then each facet by itself, beside which another's tagged fields stay unread. */
function facetChoices(provider: Provider, read: ProviderRead): FacetChoice[] {
  const fieldsOf = (facets: readonly string[]): string[] => facets.flatMap((facet) => provider.facets[facet] ?? []);
  const others = (wanted: string): readonly string[] => read.brings.filter((facet) => facet !== wanted);
  const choices = read.brings.map((facet) => ({
    what: facet,
    facets: [facet],
    unwanted: fieldsOf(others(facet)).filter((field) => isTagged(provider, field)),
  }));
  if (read !== provider.reads[0]) return choices;
  return [{ what: "the status", facets: [], unwanted: fieldsOf(read.brings) }, ...choices];
}

/** Personal or sensitive. */
function isTagged(provider: Provider, field: string): boolean {
  const directives = typeOfTask(provider).getFields()[field]?.astNode?.directives ?? [];
  return directives.some(({ name }) => name.value === "tag");
}

interface Disorder {
  readonly title: string;
  readonly variants: readonly Record<string, unknown>[];
}

/** The orders that emulated upstreams have names for; none has all of them. */
const rowOrders = ["request", "reverse", "reversed", "ascending", "descending", "shuffled"];

/** What the sandbox answers with a switch that it can make nothing of. */
const unknownVariant = 599;

/** What the emulated upstream can do to its rows, as far as it has rows. */
function disorders(switches: Readonly<Record<string, unknown>>): Disorder[] {
  const all: Disorder[] = [
    { title: "every row twice, the second time with another status", variants: [{ doubleRows: true }] },
    { title: "rows that nobody asked for", variants: [{ foreignRows: 3 }] },
    { title: "its rows in any order", variants: rowOrders.map((rowOrder) => ({ rowOrder })) },
  ];
  return all.filter(({ variants }) =>
    variants.every((variant) => Object.keys(variant).every((name) => name in switches)),
  );
}

function fieldOf(state: TaskState, field: string): unknown {
  return (state as unknown as Readonly<Record<string, unknown>>)[field];
}

function rawStatusOf(answer: IdAnswer | undefined): string | null {
  return answer && "state" in answer ? answer.state.rawStatus.value : null;
}

function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
}
