import type { CallAnswer, IdAnswer, ProviderClient } from "../provider.ts";

/**
 * A client in whose answers no secret is left, wherever an upstream echoed one: in a task's texts or in a problem. Texts
 * are looked at after they were read, so that neither their encoding hides a secret nor a replacement breaks an answer;
 * ids are never touched.
 */
export function redactAnswers(client: ProviderClient, redact: (text: string) => string): ProviderClient {
  return {
    fetchTasks: async (call) => redactAnswer(await client.fetchTasks(call), redact),
  };
}

function redactAnswer(answer: CallAnswer, redact: (text: string) => string): CallAnswer {
  if (answer.kind === "failed") return { ...answer, problem: redactTexts(answer.problem, redact) };
  const answers = new Map<string, IdAnswer>();
  for (const [id, idAnswer] of answer.answers) answers.set(id, redactTexts(idAnswer, redact));
  return { ...answer, answers };
}

/** Most values hold nothing to replace and stay the same object. */
function redactTexts<T>(value: T, redact: (text: string) => string): T {
  if (typeof value === "string") return redact(value) as T;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => redactTexts(item, redact));
    return items.some((item, index) => item !== value[index]) ? (items as T) : value;
  }
  const entries = Object.entries(value).map(([name, item]) => [name, item, redactTexts(item, redact)] as const);
  if (entries.every(([, item, shown]) => shown === item)) return value;
  return Object.fromEntries(entries.map(([name, , shown]) => [name, shown])) as T;
}
