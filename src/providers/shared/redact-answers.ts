import type { CallAnswer, IdAnswer, ProviderClient } from "../provider.ts";

type Redact = (text: string) => string;

/**
 * A client in whose answers no secret is left, wherever an upstream echoed one: in a task's texts or in a problem. Texts
 * are looked at after they were read, so that neither their encoding hides a secret nor a replacement breaks an answer;
 * ids are never touched.
 */
export function redactAnswers(client: ProviderClient, redact: Redact): ProviderClient {
  return {
    fetchTasks: async (call) => redactAnswer(await client.fetchTasks(call), redact),
  };
}

/** Hardly any answer holds something to replace: what does not stays the same object, so that looking costs no memory. */
function redactAnswer(answer: CallAnswer, redact: Redact): CallAnswer {
  if (answer.kind === "failed") return { ...answer, problem: redactFields(answer.problem, redact) };
  let answers: Map<string, IdAnswer> | undefined;
  for (const [id, idAnswer] of answer.answers) {
    const shown = redactFields(idAnswer, redact);
    if (shown === idAnswer) continue;
    answers ??= new Map(answer.answers);
    answers.set(id, shown);
  }
  return answers ? { ...answer, answers } : answer;
}

function redactValue(value: unknown, redact: Redact): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? redactItems(value, redact) : redactFields(value, redact);
}

function redactFields<T extends object>(fields: T, redact: Redact): T {
  let copy: T | undefined;
  for (const name in fields) {
    const shown = redactValue(fields[name], redact);
    if (shown === fields[name]) continue;
    copy ??= { ...fields };
    copy[name] = shown as T[typeof name];
  }
  return copy ?? fields;
}

function redactItems(items: readonly unknown[], redact: Redact): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < items.length; index += 1) {
    const shown = redactValue(items[index], redact);
    if (shown === items[index]) continue;
    copy ??= [...items];
    copy[index] = shown;
  }
  return copy ?? items;
}
