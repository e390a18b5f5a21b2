import type { CallAnswer, FailedCall } from "../providers/provider.ts";

/** Part of a call's tasks, and what asking for them came to. */
export interface AskedPart<Task> {
  readonly tasks: readonly Task[];
  readonly answer: CallAnswer;
}

export interface Division<Task> {
  ask(tasks: readonly Task[]): Promise<CallAnswer>;
  /** Called once for every task, as soon as its answer is final. */
  tell(part: AskedPart<Task>): void;
}

/**
 * Asks, and when the whole call fails for a reason that one id can cause, asks for the halves, and for the halves of
 * failing halves, until the culprits stand alone: at most `2·ceil(log2(n))` extra calls per culprit.
 *
 * As long as no part was answered, the cause may not be an id after all. Then one half is followed down before the other,
 * which finds an answered part soonest if there is one; extra calls stop at `2·ceil(log2(n)) + 2`, and what is left over
 * keeps its part's problem, worth asking again later.
 *
 * @returns the culprits: tasks that fail alone where others of the call were answered
 */
export async function askDividing<Task>(tasks: readonly Task[], { ask, tell }: Division<Task>): Promise<Task[]> {
  const suspects: Task[] = [];
  let isCausedByIds = false;
  let blindSplits = Math.ceil(Math.log2(Math.max(1, tasks.length))) + 1;

  async function askPart(part: readonly Task[]): Promise<AskedPart<Task>> {
    const asked = { tasks: part, answer: await ask(part) };
    if (asked.answer.kind === "answered") {
      isCausedByIds = true;
      tell(asked);
    }
    return asked;
  }

  async function divide(part: DivisiblePart<Task>): Promise<void> {
    if (!isCausedByIds && blindSplits === 0) return tell(undecided(part));
    blindSplits -= 1;
    const middle = Math.ceil(part.tasks.length / 2);
    const halves = await Promise.all([askPart(part.tasks.slice(0, middle)), askPart(part.tasks.slice(middle))]);
    if (part === whole && isSameFailure(part, halves)) return tell(part);
    const failing = halves.filter(isDivisible);
    for (const half of halves) if (!isDivisible(half)) tellFailure(half);
    if (isCausedByIds) await Promise.all(failing.map(divide));
    else for (const half of failing) await divide(half);
  }

  function tellFailure({ tasks: alone, answer }: AskedPart<Task>): void {
    if (answer.kind === "answered") return;
    if (answer.divisible) suspects.push(...alone);
    tell({ tasks: alone, answer });
  }

  const whole = await askPart(tasks);
  if (isDivisible(whole)) await divide(whole);
  else if (whole.answer.kind === "failed") tell(whole);
  return isCausedByIds ? suspects : [];
}

/** When both halves fail alike, and the failure may be everybody's, no id is the cause. */
function isSameFailure<Task>({ answer }: AskedPart<Task>, halves: readonly AskedPart<Task>[]): boolean {
  if (answer.kind !== "failed" || !answer.mayBeEverybodys) return false;
  return halves.every((half) => half.answer.kind === "failed" && isLike(half.answer, answer));
}

function isLike({ problem }: FailedCall, other: FailedCall): boolean {
  return problem.code === other.problem.code && problem.upstreamCode === other.problem.upstreamCode;
}

type DivisiblePart<Task> = AskedPart<Task> & { readonly answer: FailedCall };

function isDivisible<Task>(part: AskedPart<Task>): part is DivisiblePart<Task> {
  return part.answer.kind === "failed" && part.answer.divisible && part.tasks.length > 1;
}

function undecided<Task>({ tasks, answer }: DivisiblePart<Task>): AskedPart<Task> {
  return { tasks, answer: { ...answer, problem: { ...answer.problem, retryable: true } } };
}
