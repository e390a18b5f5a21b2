import type { KnownAnswer, ToldTask } from "../cache/known-task.ts";
import type { AnswerTimes } from "../cache/shared-answers.ts";
import type { EpochMs, TaskReference } from "../tasks/task.ts";
import type { TaskKey } from "../tasks/task-key.ts";
import { consultScript, mostScriptBytes, type Verdict, verdicts, writeScript } from "./answer-scripts.ts";
import { answersVersion } from "./answer-text.ts";
import { listFacets } from "./facet-list.ts";
import { fieldOf, readHeld, sealAnswer, sealSuspicion } from "./held-answers.ts";
import type { Inquiry } from "./inquiry.ts";
import { createLane } from "./lane.ts";
import { createOwnClaims } from "./own-claims.ts";
import { createPollSlots } from "./poll-slots.ts";
import { isStillWanted, type Question } from "./question.ts";
import type { ScriptKeys } from "./script.ts";
import type { Sealing } from "./sealing.ts";
import type { Store } from "./store.ts";

/** What replicas share of one account. Nothing here throws. */
export interface SharedAccount {
  /** Settles the inquiry's key sooner or later. */
  consult(key: TaskKey, inquiry: Inquiry, index: number): void;
  publish(reference: TaskReference, answer: KnownAnswer, times: AnswerTimes): void;
  release(key: TaskKey): void;
  /** Until when a task must not share a call; null: it may again. */
  noteSuspect(scope: string, localId: string, untilAt: EpochMs | null): void;
  /** The store is away: settles all that waits, forgets all that was to be told. */
  letGo(): void;
}

export interface SharedAccountOptions {
  readonly sealing: Sealing;
  readonly prefix: string;
  /** Names this replica in claims. */
  readonly replica: string;
  readonly store: Pick<Store, "run">;
  now(): EpochMs;
  suspectFound(reference: TaskReference, untilAt: EpochMs): void;
  witness(sequence: number): void;
}

/** One step of the write script. */
interface Write {
  readonly key: string;
  /** Made when it is sent, because to seal takes time. */
  args(): readonly [what: string, name: string, value: string | Buffer, keepMs: string];
}

/** As long as most calls take. Who does not live that long holds nobody up. */
const claimMs = 3_000;

/** When to look again whether another replica has its answer. */
const pollsAfterMs = [10, 20, 40];
const laterPollsAfterMs = 50;

export function createSharedAccount(options: SharedAccountOptions): SharedAccount {
  const { sealing, prefix, replica, store, now, suspectFound, witness } = options;
  const claims = createOwnClaims(now);
  /** By id, those that nobody has answered yet. */
  const open = new Map<string, Question>();
  const questions = createLane<Question>(ask, letGo);
  const writes = createLane<Write>(write, letGo);
  const poll = createPollSlots<Question>((due) => {
    for (const question of due) questions.add(question);
  });

  const keyOf = (scope: string, localId: string): string =>
    `${prefix}:${answersVersion}:{${sealing.tag}}:${encodeURIComponent(scope)}:${localId}`;

  async function write(sent: readonly Write[]): Promise<void> {
    for (const part of partsOf(sent)) {
      await store.run(writeScript, keysOf(part), [String(now()), replica, ...part.flatMap(({ args }) => args)]);
    }
  }

  async function ask(gathered: readonly Question[]): Promise<void> {
    const sent = gathered.filter(isWanted);
    if (sent.length === 0) return;
    const args = [String(now()), replica, String(claimMs), ...sent.map(({ wanted }) => wanted)];
    const replies = await store.run(consultScript, keysOf(sent), args);
    sent.forEach((question, index) => {
      hear(question, Array.isArray(replies) ? replies[index] : null);
    });
  }

  function hear(question: Question, reply: unknown): void {
    const [number, fields]: readonly unknown[] = Array.isArray(reply) ? reply : [];
    const verdict: Verdict = verdicts[Number(number)] ?? "told";
    if (verdict === "later") {
      questions.add(question);
      return;
    }
    question.fields = Array.isArray(fields) ? fields : [];
    if (verdict === "theirs") {
      if (!isWanted(question)) return;
      for (const { inquiry, index } of question.askers) inquiry.await(index);
      poll.add(question, pollsAfterMs[question.timesTheirs] ?? laterPollsAfterMs);
      question.timesTheirs += 1;
      return;
    }
    if (verdict === "ours") {
      claims.add(question.key, question.wanted, now() + claimMs);
      if (question.askers.every(({ inquiry }) => inquiry.isOver)) release(question.key, question.wanted);
    }
    settle(question);
  }

  /** Who does not wait any more is settled, and so is the question that nobody waits for. */
  function isWanted(question: Question): boolean {
    if (open.get(question.id) !== question) return false;
    const isIt = isStillWanted(question, now(), () => readKnown(question));
    if (!isIt) open.delete(question.id);
    return isIt;
  }

  function settle(question: Question): void {
    if (open.get(question.id) !== question) return;
    open.delete(question.id);
    const known = readKnown(question);
    for (const { inquiry, index } of question.askers) inquiry.settle(index, known);
  }

  function readKnown({ fields, key, reference }: Question): ToldTask | null {
    if (fields.length === 0) return null;
    const { known, suspectUntilAt } = readHeld(fields, key, sealing, now(), witness);
    if (suspectUntilAt > 0) suspectFound(reference, suspectUntilAt);
    return known;
  }

  function release(key: string, facets: string): void {
    if (claims.remove(key, facets)) writes.add({ key, args: () => ["release", facets, "", ""] });
  }

  function letGo(): void {
    poll.clear();
    claims.clear();
    questions.clear();
    writes.clear();
    for (const question of [...open.values()]) settle(question);
  }

  return {
    consult({ reference, facets }, inquiry, index) {
      const key = keyOf(reference.scope, reference.localId);
      const wanted = listFacets(facets);
      if (claims.covers(key, wanted)) {
        inquiry.settle(index, null);
        return;
      }
      const id = `${key}\n${wanted}`;
      const asked = open.get(id);
      if (asked) {
        asked.askers.push({ inquiry, index });
        if (asked.timesTheirs > 0) inquiry.await(index);
        return;
      }
      const question = { id, key, wanted, reference, askers: [{ inquiry, index }], fields: [], timesTheirs: 0 };
      open.set(id, question);
      questions.add(question);
    },
    publish({ scope, localId }, answer, { firstSeenAt, freshUntilAt, keepUntilAt }) {
      const keepMs = Math.ceil(keepUntilAt - now());
      if (keepMs <= 0 || !Number.isSafeInteger(answer.sequence)) return;
      const key = keyOf(scope, localId);
      claims.remove(key, answer.kind === "found" ? listFacets(answer.facets) : null);
      const seal = (): Buffer => sealAnswer({ answer, firstSeenAt }, freshUntilAt, key, sealing);
      writes.add({ key, args: () => answerArgs(answer, seal(), keepMs) });
    },
    release: ({ reference: { scope, localId }, facets }) => release(keyOf(scope, localId), listFacets(facets)),
    noteSuspect(scope, localId, untilAt) {
      const keepMs = untilAt === null ? 0 : Math.ceil(untilAt - now());
      const key = keyOf(scope, localId);
      const seal = (): Buffer | "" => (untilAt === null || keepMs <= 0 ? "" : sealSuspicion(untilAt, key, sealing));
      writes.add({ key, args: () => ["suspect", "", seal(), String(keepMs)] });
    },
    letGo,
  };
}

function answerArgs(answer: KnownAnswer, sealed: Buffer, keepMs: number): ReturnType<Write["args"]> {
  // What fills a script by itself, each replica asks for itself.
  if (sealed.length <= mostScriptBytes) return ["answer", fieldOf(answer), sealed, String(keepMs)];
  return ["release", answer.kind === "found" ? listFacets(answer.facets) : "", "", ""];
}

interface SealedWrite {
  readonly key: string;
  readonly args: ReturnType<Write["args"]>;
}

/** Sealed when the part's turn has come, and cut where it is large enough. */
function* partsOf(sent: readonly Write[]): Iterable<readonly SealedWrite[]> {
  let [part, bytes]: [SealedWrite[], number] = [[], 0];
  for (const { key, args } of sent) {
    const write = { key, args: args() };
    part.push(write);
    bytes += write.args[2].length;
    if (bytes < mostScriptBytes) continue;
    yield part;
    [part, bytes] = [[], 0];
  }
  if (part.length > 0) yield part;
}

function keysOf(sent: readonly { readonly key: string }[]): ScriptKeys {
  // Nothing is sent when there is nothing to send.
  return sent.map(({ key }) => key) as [string, ...string[]];
}
