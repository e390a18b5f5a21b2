import type { z } from "zod";
import { type ConfigProblem, formatPath } from "./config-error.ts";
import { knownKeysAt, nearestKey } from "./known-keys.ts";

/** Checks one part of the document; its problems go to `problems`, with their path in the whole document. */
export function check<T>(
  schema: z.ZodType<T>,
  value: unknown,
  path: readonly PropertyKey[],
  problems: ConfigProblem[],
): T | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) problems.push(...problemsOf(schema, issue, path));
  return undefined;
}

function problemsOf(schema: z.ZodType, issue: z.core.$ZodIssue, path: readonly PropertyKey[]): ConfigProblem[] {
  const place = [...path, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const known = knownKeysAt(schema, issue.path);
    return issue.keys.map((key) => ({
      path: formatPath([...place, showableKey(key)]),
      message: unknownKey(key, known),
    }));
  }
  if (issue.code === "invalid_union") {
    const nearest = issue.errors.toSorted((left, right) => left.length - right.length)[0] ?? [];
    const inner = nearest.map((error) => ({ ...error, path: [...issue.path, ...error.path] }) as z.core.$ZodIssue);
    if (inner.length > 0) return inner.flatMap((error) => problemsOf(schema, error, path));
  }
  return [{ path: formatPath(place), message: issue.message }];
}

/** A missing space turns `key: value` into a key: what does not look like one is not repeated. */
export function showableKey(key: string): string {
  return /^[\w.-]{1,40}$/.test(key) ? key : "(a key that is not a word)";
}

export function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestKey(key, known);
  return nearest === undefined ? "unknown key" : `unknown key; did you mean "${nearest}"?`;
}
