import fc from "fast-check";

/** One thing done to a JSON document. `place` picks the value that it is done to, whatever the document's size. */
export interface Mutation {
  readonly kind: "delete" | "replace" | "wrap" | "repeat" | "add" | "rename-id";
  readonly place: number;
  readonly key: string;
  readonly value: unknown;
}

/** What is done to the text at last: most often nothing. */
export type TextMutation = "none" | "cut" | "trailing" | "byte-order-mark" | "twice";

/** Keys that answers have, in one place or another, and keys that every object has without having them. */
const keys = [
  ...["id", "job_id", "task_id", "status", "state", "code", "error_code", "result", "results", "data", "children"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "msg", "message", "error", "task_info", "progress_map"],
];

/** Stand for JSON that no value of JavaScript is written as. */
const marks: Readonly<Record<string, () => string>> = {
  "@deep-list@": () => "[".repeat(10_000) + "]".repeat(10_000),
  "@deep-object@": () => `${'{"status":'.repeat(10_000)}1${"}".repeat(10_000)}`,
  "@deep-children@": () => `{"children":${'{"a":{"state":"X","children":'.repeat(5_000)}{}${"}}".repeat(5_000)}}`,
  "@infinite@": () => "1e400",
  "@tiny@": () => "1e-400",
  "@long-integer@": () => "9".repeat(40),
  "@unsafe@": () => "9007199254740993",
  "@minus-zero@": () => "-0",
  "@proto@": () => '{"__proto__":{"status":"polluted","id":"polluted"},"constructor":{"prototype":1}}',
};

const oddTexts = [
  ...["", " ", "NaN", "Infinity", "-Infinity", "0x10", "1e3", "1e999", "-5", "99999999999999999999", "2147483648"],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "valueOf",
    "hasOwnProperty",
    "null",
    "undefined",
    "true",
    "[object Object]",
  ],
  ...[
    "\u0000\u001b[31m\u0007",
    "\ud800",
    "\u202e gnp",
    "😀".repeat(100),
    "9999-12-31 23:59:59 -2300",
    "0000-00-00 00:00:00",
  ],
  ...["9999-12-31 23:59:59 +0000", "1969-12-31 23:59:59 +0000", "2026-02-30 00:00:00 +0800", "javascript:alert(1)"],
  ...["http://", "https://[", "-1%", "101%", "%", "50%%", "../../etc/passwd", "<b>", "\r\nset-cookie: a=b"],
];

const oddNumbers = [
  -7, 1.5, -0.001, 1e308, -1e308, 2_147_483_648, -2_147_483_649, 4_294_967_296, 253_402_300_800_000, 1e13,
];

const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...oddTexts) },
  { weight: 4, arbitrary: fc.constantFrom(...oddNumbers) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null], [{}], { id: {} }, ["a", 1]),
  },
  { weight: 3, arbitrary: fc.constantFrom(...Object.keys(marks)) },
  { weight: 1, arbitrary: fc.constantFrom("x", "9", "\u0000", "\\").map((text) => text.repeat(1 << 20)) },
  { weight: 2, arbitrary: fc.jsonValue() },
);

export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Mutation["kind"]>(
      "delete",
      "replace",
      "replace",
      "wrap",
      "repeat",
      "add",
      "add",
      "rename-id",
    ),
    place: fc.oneof(fc.nat(8), fc.nat(1_000)),
    key: fc.constantFrom(...keys),
    value: hostileValue,
  }),
  { minLength: 1, maxLength: 4 },
);

export const textMutation: fc.Arbitrary<TextMutation> = fc.constantFrom(
  ...Array.from({ length: 12 }, () => "none" as const),
  ...(["cut", "trailing", "byte-order-mark", "twice"] as const),
);

/** Where a value hangs. */
interface Site {
  readonly parent: Record<string, unknown> | unknown[];
  readonly key: string;
}

/**
 * Does all of it to a document, and writes the document down.
 *
 * @param ids what "rename-id" makes of values that are one of these: another of them
 */
export function mutate(text: string, changes: readonly Mutation[], last: TextMutation, ids: readonly string[]): string {
  const root: unknown[] = [JSON.parse(text)];
  // Values are the generator's own, and a later change may be done to an earlier one's value.
  for (const change of changes) applyTo(root, { ...change, value: structuredClone(change.value) }, ids);
  const written = JSON.stringify(root[0] ?? null).replace(/"(@[a-z-]+@)"/g, (whole, mark) => marks[mark]?.() ?? whole);
  if (last === "cut") return written.slice(0, written.length / 2);
  if (last === "trailing") return `${written}NaN`;
  if (last === "byte-order-mark") return `\ufeff${written}`;
  return last === "twice" ? written + written : written;
}

function applyTo(root: unknown[], { kind, place, key, value }: Mutation, ids: readonly string[]): void {
  const sites = sitesIn(root);
  const ownIds = sites.filter((site) => isOneOf(ids, valueAt(site)));
  const candidates = kind === "rename-id" && ownIds.length > 0 ? ownIds : sites;
  const site = candidates[place % candidates.length];
  if (!site) return;
  const present = valueAt(site);
  if (kind === "delete") remove(site);
  else if (kind === "wrap") put(site, place % 2 === 0 ? [present] : { [key]: present });
  else if (kind === "repeat" && Array.isArray(site.parent)) site.parent.push(structuredClone(present), value);
  else if (kind === "add" && isContainer(present) && !Array.isArray(present)) put({ parent: present, key }, value);
  else if (kind === "rename-id") put(site, ids[place % ids.length] ?? "another");
  else put(site, value);
}

function isOneOf(ids: readonly string[], value: unknown): boolean {
  return (typeof value === "string" || typeof value === "number") && ids.includes(String(value).toLowerCase());
}

/** Every value of the document, the document itself first. */
function sitesIn(root: unknown[]): Site[] {
  const sites: Site[] = [{ parent: root, key: "0" }];
  for (let index = 0; index < sites.length; index += 1) {
    const site = sites[index];
    const value = site && valueAt(site);
    if (isContainer(value)) for (const key of Object.keys(value)) sites.push({ parent: value, key });
  }
  return sites;
}

function isContainer(value: unknown): value is Site["parent"] {
  return typeof value === "object" && value !== null;
}

function valueAt({ parent, key }: Site): unknown {
  return Object.getOwnPropertyDescriptor(parent, key)?.value;
}

/** Also under `__proto__`, as JSON would. */
function put({ parent, key }: Site, value: unknown): void {
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}

function remove({ parent, key }: Site): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}
