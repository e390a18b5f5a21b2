import type { AnsweredCall, CallAnswer, FailedCall } from "../providers/provider.ts";

/** Part of a call's ids, and what asking for them came to. */
export interface AskedPart {
  readonly localIds: readonly string[];
  readonly answer: CallAnswer;
}

/**
 * Asks, and when the whole call fails for a reason that one id can cause, asks for the halves, and for the halves of
 * failing halves, until the culprits stand alone. Extra calls are capped at `2·ceil(log2(n)) + 2`, enough to corner one
 * culprit; ids left over then keep their part's problem, worth asking again later.
 */
export async function askDividing(
  localIds: readonly string[],
  ask: (localIds: readonly string[]) => Promise<CallAnswer>,
): Promise<AskedPart[]> {
  const done: AskedPart[] = [];
  let callsLeft = 2 * Math.ceil(Math.log2(Math.max(1, localIds.length))) + 2;
  let pending: AskedPart[] = [{ localIds, answer: await ask(localIds) }];
  while (pending.length > 0) {
    const divided: Promise<AskedPart>[] = [];
    for (const part of pending) {
      if (!isDivisible(part)) done.push(part);
      else if (callsLeft < 2) done.push(undecided(part.localIds, part.answer));
      else {
        callsLeft -= 2;
        for (const half of halves(part.localIds)) {
          divided.push(ask(half).then((answer) => ({ localIds: half, answer })));
        }
      }
    }
    pending = await Promise.all(divided);
  }
  return done;
}

export function isAnswered(answer: CallAnswer): answer is AnsweredCall {
  return answer.kind === "answered";
}

function isDivisible(part: AskedPart): part is AskedPart & { readonly answer: FailedCall } {
  return part.answer.kind === "failed" && part.answer.divisible && part.localIds.length > 1;
}

function undecided(localIds: readonly string[], answer: FailedCall): AskedPart {
  return { localIds, answer: { ...answer, problem: { ...answer.problem, retryable: true } } };
}

function halves(localIds: readonly string[]): [readonly string[], readonly string[]] {
  const middle = Math.ceil(localIds.length / 2);
  return [localIds.slice(0, middle), localIds.slice(middle)];
}
