import {
  readArray,
  readEpochMs,
  readFilledText,
  readObject,
  readText,
  type WireObject,
} from "../shared/wire-values.ts";

/** Null when there is no state that could be read: the vendor's tables call both fields optional. */
export const batchState = (body: WireObject): string | null => readFilledText(body.state);

/** An answer may leave the id out; one with another id is about another batch. */
export function isAboutBatch(body: WireObject, id: string): boolean {
  const answered = body.id ?? "";
  return answered === "" || readText(answered)?.trim().toLowerCase() === id;
}

/**
 * What is read of a whole batch. The rest of the answer is never looked at: `req_body` repeats the submitted request,
 * which may hold secrets, and `proxyUser` somebody's name.
 */
export interface BatchDetail {
  readonly name: string | null;
  readonly applicationId: string | null;
  readonly owner: string | null;
  readonly queue: string | null;
  readonly kind: string | null;
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
  readonly logLines: readonly string[] | null;
}

export function batchDetail(body: WireObject): BatchDetail {
  return {
    name: readFilledText(body.name),
    applicationId: readApplicationId(body.appId),
    owner: readFilledText(body.owner),
    // Both names are documented, and hold the same queue.
    queue: readFilledText(body.queue) ?? readFilledText(body.cluster_name),
    kind: readFilledText(body.kind),
    createdAt: readEpochMs(body.create_time, "milliseconds"),
    updatedAt: readEpochMs(body.update_time, "milliseconds"),
    logLines:
      readArray(body.log)
        ?.map(readText)
        .filter((line) => line !== null) ?? null,
  };
}

/** A text in one edition of the documents, a list of texts in another, `""` and null in samples. */
function readApplicationId(value: unknown): string | null {
  return readFilledText(readArray(value)?.at(-1) ?? (readObject(value) ? null : value));
}
