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
 * As long as no part was answered, the cause may not be an id after all. Then one half is followed down before the other,
 * which finds an answered part soonest if there is one; extra calls stop at `2·ceil(log2(n)) + 2`, and what is left over
 * keeps its part's problem, worth asking again later.
 */
export async function askDividing(
  localIds: readonly string[],
  ask: (localIds: readonly string[]) => Promise<CallAnswer>,
): Promise<AskedPart[]> {
  const whole = { localIds, answer: await ask(localIds) };
  const done: AskedPart[] = [];
  let failing = sortOut([whole], done);
  let blindSplits = Math.ceil(Math.log2(Math.max(1, localIds.length))) + 1;
  while (failing.length > 0) {
    const isCausedByIds = done.some(({ answer }) => answer.kind === "answered");
    if (!isCausedByIds && blindSplits === 0) return [...done, ...failing.map(undecided)];
    const split = isCausedByIds ? failing : failing.slice(0, 1);
    blindSplits -= split.length;
    const halves = await askHalves(split, ask);
    if (failing[0] === whole && isSameFailure(whole, halves)) return [whole];
    failing = [...sortOut(halves, done), ...failing.slice(split.length)];
  }
  return done;
}

function askHalves(
  parts: readonly AskedPart[],
  ask: (localIds: readonly string[]) => Promise<CallAnswer>,
): Promise<AskedPart[]> {
  return Promise.all(
    parts
      .flatMap(({ localIds }) => {
        const middle = Math.ceil(localIds.length / 2);
        return [localIds.slice(0, middle), localIds.slice(middle)];
      })
      .map(async (half) => ({ localIds: half, answer: await ask(half) })),
  );
}

/** When both halves fail alike, and the failure may be everybody's, no id is the cause. */
function isSameFailure({ answer }: AskedPart, halves: readonly AskedPart[]): boolean {
  if (answer.kind !== "failed" || !answer.mayBeEverybodys) return false;
  return halves.every((half) => half.answer.kind === "failed" && isLike(half.answer, answer));
}

function isLike({ problem }: FailedCall, other: FailedCall): boolean {
  return problem.code === other.problem.code && problem.upstreamCode === other.problem.upstreamCode;
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
