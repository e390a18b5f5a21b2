import { readFilledText, readText, type WireObject } from "../shared/wire-values.ts";

/** Null when there is no state that could be read: the vendor's tables call both fields optional. */
export const batchState = (body: WireObject): string | null => readFilledText(body.state);

/** An answer may leave the id out; one with another id is about another batch. */
export function isAboutBatch(body: WireObject, id: string): boolean {
  const answered = body.id ?? "";
  return answered === "" || readText(answered)?.trim().toLowerCase() === id;
}
