import { Buffer } from "node:buffer";
import { rawStates, taskName } from "./rows.ts";

/** How the ids of queries relate to each other. */
export const overlaps = ["distinct", "overlapping"] as const;
export type Overlap = (typeof overlaps)[number];

/** What one measurement asks for. */
export interface Cell {
  readonly idsPerQuery: number;
  readonly upstreamLatencyMs: number;
  readonly clients: number;
  readonly overlap: Overlap;
}

/** Ids per upstream call. */
export const callLimits = { eiotclub: 100, bkSops: 50 } as const;

/** Calls under way together at one account: a limit that all servers share, where they have one. */
export const callsUnderWay = 32;

/** The one business that all tasks of bk-sops belong to. */
export const businessId = "2";

export const query =
  "query($ids:[ID!]!){batchTasks(ids:$ids){lookups{requestedId " +
  "task{id status isTerminal rawStatus{value} name} problem{code}}}}";

/** Six in ten ids are eIoTClub's; a single one is, too. */
function shares(ids: number): { readonly eiotclub: number; readonly bkSops: number } {
  const eiotclub = ids === 1 ? 1 : Math.round(ids * 0.6);
  return { eiotclub, bkSops: ids - eiotclub };
}

/** The fewest upstream calls that one query alone can take. */
export function minimumCalls(ids: number): number {
  const { eiotclub, bkSops } = shares(ids);
  return Math.ceil(eiotclub / callLimits.eiotclub) + Math.ceil(bkSops / callLimits.bkSops);
}

/** Public ids of the next query. */
export type NextIds = () => readonly string[];

// All numbers have ten digits, so that equally many ids make answers of equal length.
const firstNumber = 1_000_000_000;
let nextNumber = firstNumber;

/** No id is used twice in the life of this process: whatever a server keeps of earlier answers is of no use to it. */
export function distinctIds(count: number, account = "sim"): NextIds {
  const { eiotclub, bkSops } = shares(count);
  return () => [
    ...Array.from({ length: eiotclub }, () => eiotclubId(nextNumber++, account)),
    ...Array.from({ length: bkSops }, () => bkSopsId(nextNumber++)),
  ];
}

/** Each query asks for a random quarter of the same ids. */
export function overlappingIds(count: number): NextIds {
  const hot = distinctIds(count * 4)();
  const { eiotclub } = shares(count * 4);
  const eiotclubPool = hot.slice(0, eiotclub);
  const bkSopsPool = hot.slice(eiotclub);
  const wanted = shares(count);
  return () => [...draw(eiotclubPool, wanted.eiotclub), ...draw(bkSopsPool, wanted.bkSops)];
}

export function idsOf({ idsPerQuery, overlap }: Cell): NextIds {
  return overlap === "distinct" ? distinctIds(idsPerQuery) : overlappingIds(idsPerQuery);
}

/** Shuffles the front of the pool in place. */
function draw(pool: string[], count: number): string[] {
  for (let index = 0; index < count; index += 1) {
    const other = index + Math.floor(Math.random() * (pool.length - index));
    const drawn = pool[other] ?? "";
    pool[other] = pool[index] ?? "";
    pool[index] = drawn;
  }
  return pool.slice(0, count);
}

const eiotclubId = (number: number, account: string): string => `${account}:${number}`;
const bkSopsId = (number: number): string => `ops:${businessId}/${number}`;

const bodyStart = `{"query":${JSON.stringify(query)},"variables":{"ids":[`;

/** A request's body. Ids hold nothing that JSON would escape. */
export function requestBody(ids: readonly string[]): Buffer {
  return Buffer.from(`${bodyStart}"${ids.join('","')}"]}}`);
}

/** What every server must answer. */
export function expectedAnswer(ids: readonly string[]): unknown {
  return { data: { batchTasks: { lookups: ids.map(expectedLookup) } } };
}

function expectedLookup(requestedId: string): unknown {
  const isSops = requestedId.startsWith("ops:");
  const value = isSops ? rawStates.bkSops : rawStates.eiotclub;
  const name = isSops ? taskName(requestedId.slice(requestedId.indexOf("/") + 1)) : null;
  const task = { id: requestedId, status: "RUNNING", isTerminal: false, rawStatus: { value }, name };
  return { requestedId, task, problem: null };
}
