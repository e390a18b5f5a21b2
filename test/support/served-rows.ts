/** A row as its upstream writes it: where its id stands, and where its status. */
export interface RowShape {
  readonly idKey: string;
  readonly statusPath: readonly string[];
}

/** Finds in an untouched answer how rows are written: the id's key in an object, and the status somewhere inside it. */
export function findRowShape(text: string, localId: string, rawStatus: string): RowShape {
  for (const row of objectsIn(JSON.parse(text))) {
    const idKey = Object.keys(row).find((key) => foldedText(row[key]) === localId);
    const statusPath = idKey && pathOf(row, rawStatus, idKey);
    if (idKey && statusPath) return { idKey, statusPath };
  }
  throw new Error(`The answer has no row with the id ${localId} and the status ${rawStatus}: ${text.slice(0, 300)}`);
}

/**
 * The statuses that an answer gives for an id, as texts: of the objects that carry it as their id, and when it is the
 * only one that was asked for, of the objects that carry none.
 */
export function servedStatuses(
  text: string,
  { idKey, statusPath }: RowShape,
  localId: string,
  isOnly: boolean,
): string[] {
  const statuses: string[] = [];
  for (const row of objectsIn(parsed(text))) {
    const id = Object.hasOwn(row, idKey) ? row[idKey] : null;
    const hasNoId = id === null || foldedText(id) === "";
    const status = textOf(statusPath.reduce(step, row));
    if (status !== null && (foldedText(id) === localId || (isOnly && hasNoId))) statuses.push(status);
  }
  return statuses;
}

/** As the service shows a raw status; of an integer beyond 2^53, as much as a double holds. */
export function comparableStatus(text: string): string {
  const shown = [...text.replace(/\p{Cc}/gu, "")].slice(0, 64).join("").trim();
  return /^-?\d{16,}$/.test(shown) ? String(Number(shown)) : shown;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** All objects of a document, without recursion: some are deep. */
function objectsIn(document: unknown): JsonObject[] {
  const objects: JsonObject[] = [];
  const waiting = [document];
  for (let value = waiting.pop(); waiting.length > 0 || value !== undefined; value = waiting.pop()) {
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value)) objects.push(value as JsonObject);
    for (const part of Object.values(value)) waiting.push(part);
  }
  return objects;
}

/** A byte order mark is no part of a text, for whoever decodes it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return null;
  }
}

function pathOf(row: JsonObject, rawStatus: string, idKey: string): readonly string[] | null {
  const keys = Object.keys(row).filter((key) => key !== idKey);
  const own = keys.find((key) => textOf(row[key]) === rawStatus);
  if (own) return [own];
  for (const key of keys) {
    const part = step(row, key);
    const inner = typeof part === "object" && part !== null && pathOf(part as JsonObject, rawStatus, idKey);
    if (inner) return [key, ...inner];
  }
  return null;
}

function step(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? (value as JsonObject)[key] : null;
}

function textOf(value: unknown): string | null {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : null;
}

function foldedText(value: unknown): string | null {
  return textOf(value)?.trim().toLowerCase() ?? null;
}
