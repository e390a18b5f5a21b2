import { Buffer } from "node:buffer";
import { firstEndedNumber, hasEnded, rawStatesOf, taskName } from "./rows.ts";

/** What the ids of queries are: how they relate to each other, and whether their tasks have ended. */
export const idKinds = ["distinct", "overlapping", "terminal", "half-terminal", "shared-terminal"] as const;
export type IdKind = (typeof idKinds)[number];

/** What one measurement asks for. */
export interface Cell {
  readonly idsPerQuery: number;
  readonly upstreamLatencyMs: number;
  readonly clients: number;
  readonly kind: IdKind;
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

/** The fewest upstream calls that one query alone can take, what has ended being known. */
export function minimumCalls({ idsPerQuery, kind }: Pick<Cell, "idsPerQuery" | "kind">): number {
  const { eiotclub, bkSops } = shares(idsPerQuery - endedAmong(idsPerQuery, kind));
  return Math.ceil(eiotclub / callLimits.eiotclub) + Math.ceil(bkSops / callLimits.bkSops);
}

/** How many of a query's ids are of tasks that have ended. */
function endedAmong(ids: number, kind: IdKind): number {
  if (kind === "terminal" || kind === "shared-terminal") return ids;
  return kind === "half-terminal" ? Math.floor(ids / 2) : 0;
}

/** Public ids of the next query. */
export type NextIds = () => readonly string[];

// All numbers have ten digits, so that equally many ids make answers of equal length.
const firstNumber = 1_000_000_000;
let nextNumber = firstNumber;
let nextEndedNumber = firstEndedNumber;

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

/** The same ids of ended tasks in every query. */
function terminalIds(count: number): NextIds {
  const { eiotclub, bkSops } = shares(count);
  const ids = [
    ...Array.from({ length: eiotclub }, () => eiotclubId(nextEndedNumber++, "sim")),
    ...Array.from({ length: bkSops }, () => bkSopsId(nextEndedNumber++)),
  ];
  return () => ids;
}

/** Of each query's ids one half are always the same, of ended tasks, and the others are new. */
function halfTerminalIds(count: number): NextIds {
  const ended = endedAmong(count, "half-terminal");
  const [nextTerminal, nextDistinct] = [terminalIds(ended), distinctIds(count - ended)];
  return () => [...nextTerminal(), ...nextDistinct()];
}

const idsOfKind: Readonly<Record<IdKind, (count: number) => NextIds>> = {
  distinct: distinctIds,
  overlapping: overlappingIds,
  terminal: terminalIds,
  "half-terminal": halfTerminalIds,
  "shared-terminal": terminalIds,
};

export const idsOf = ({ idsPerQuery, kind }: Cell): NextIds => idsOfKind[kind](idsPerQuery);

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
  const localId = requestedId.slice(requestedId.indexOf(isSops ? "/" : ":") + 1);
  const isTerminal = hasEnded(localId);
  const task = {
    id: requestedId,
    status: isTerminal ? "SUCCEEDED" : "RUNNING",
    isTerminal,
    rawStatus: { value: rawStatesOf(localId)[isSops ? "bkSops" : "eiotclub"] },
    name: isSops ? taskName(localId) : null,
  };
  return { requestedId, task, problem: null };
}
