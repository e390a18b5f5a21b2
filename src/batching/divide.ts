import type { CallAnswer, FailedCall } from "../providers/provider.ts";

/** Part of a call's ids, and what asking for them came to. */
export interface AskedPart {
  readonly localIds: readonly string[];
  readonly answer: CallAnswer;
}

/**
 * Asks, and when the whole call fails for a reason that one id can cause, asks for the halves, and for the halves of
 * failing halves, until the culprits stand alone: at most `2·ceil(log2(n))` extra calls per culprit.
 *
 * As long as no part was answered, the cause may not be an id after all: then extra calls stop at `2·ceil(log2(n)) + 2`,
 * and what is left over keeps its part's problem, worth asking again later.
 */
export async function askDividing(
  localIds: readonly string[],
  ask: (localIds: readonly string[]) => Promise<CallAnswer>,
): Promise<AskedPart[]> {
  const done: AskedPart[] = [];
  let blindSplits = Math.ceil(Math.log2(Math.max(1, localIds.length))) + 1;
  let failing = sortOut([{ localIds, answer: await ask(localIds) }], done);
  while (failing.length > 0) {
    const isCausedByIds = done.some(({ answer }) => answer.kind === "answered");
    const split = isCausedByIds ? failing : failing.slice(0, blindSplits);
    if (split.length === 0) return [...done, ...failing.map(undecided)];
    blindSplits -= split.length;
    const asked = await Promise.all(
      split.flatMap((part) => halves(part.localIds)).map(async (half) => ({ localIds: half, answer: await ask(half) })),
    );
    failing = [...failing.slice(split.length), ...sortOut(asked, done)];
  }
  return done;
}

/** Puts what is decided to `done`, and answers the parts that are worth dividing. */
function sortOut(parts: readonly AskedPart[], done: AskedPart[]): DivisiblePart[] {
  done.push(...parts.filter((part) => !isDivisible(part)));
  return parts.filter(isDivisible);
}

type DivisiblePart = AskedPart & { readonly answer: FailedCall };

function isDivisible(part: AskedPart): part is DivisiblePart {
  return part.answer.kind === "failed" && part.answer.divisible && part.localIds.length > 1;
}

function undecided({ localIds, answer }: DivisiblePart): AskedPart {
  return { localIds, answer: { ...answer, problem: { ...answer.problem, retryable: true } } };
}

function halves(localIds: readonly string[]): [readonly string[], readonly string[]] {
  const middle = Math.ceil(localIds.length / 2);
  return [localIds.slice(0, middle), localIds.slice(middle)];
}
