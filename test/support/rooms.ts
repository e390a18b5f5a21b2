import { dirname, join, normalize } from "node:path";

/** One import of a source file. */
export interface Import {
  /** Path below `src/` of the importing file. */
  readonly file: string;
  /** Path below `src/` for a relative import, else the package's name. */
  readonly target: string;
  readonly isRelative: boolean;
  readonly typesOnly: boolean;
}

/** What a room may import: paths below `src/` (a folder, or a file), a trailing `*` for types only; and packages. */
export interface RoomRule {
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
}

/** The table of the architecture. A path belongs to the longest room that it begins with. */
export const roomRules: Readonly<Record<string, RoomRule>> = {
  tasks: { rooms: [], packages: [] },
  signing: { rooms: [], packages: ["node:crypto"] },
  telemetry: { rooms: [], packages: ["pino", "prom-client"] },
  config: {
    rooms: ["providers/provider.ts*", "providers/shared"],
    packages: ["fastest-levenshtein", "yaml", "zod"],
  },
  http: { rooms: ["telemetry"], packages: ["cockatiel", "undici"] },
  cache: { rooms: ["tasks", "telemetry"], packages: ["lru-cache"] },
  batching: { rooms: ["tasks", "providers/provider.ts*", "telemetry"], packages: [] },
  "providers/provider.ts": { rooms: ["http*", "providers/shared*", "tasks*"], packages: ["zod"] },
  "providers/registry.ts": { rooms: ["providers", "providers/provider.ts*"], packages: [] },
  "providers/shared": { rooms: ["http", "providers/provider.ts*", "signing", "tasks"], packages: ["node:util", "zod"] },
  providers: { rooms: ["http", "providers/provider.ts*", "providers/shared", "signing", "tasks"], packages: ["zod"] },
  redis: {
    rooms: ["cache", "http*", "http/rate-windows.ts", "tasks", "telemetry"],
    packages: ["@redis/client", "cockatiel", "node:crypto", "zod"],
  },
  loaders: { rooms: ["cache", "tasks", "telemetry"], packages: ["dataloader"] },
  graphql: {
    rooms: ["loaders*", "tasks", "telemetry"],
    packages: [
      "@apollo/server",
      "@apollo/subgraph",
      "@graphql-tools/utils",
      "graphql",
      "graphql-scalars",
      "node:fs",
      "node:path",
    ],
  },
  server: {
    rooms: ["config*", "graphql", "loaders", "telemetry"],
    packages: [
      "@apollo/server",
      "@as-integrations/fastify",
      "@graphql-yoga/render-graphiql",
      "fastify",
      "graphql",
      "node:crypto",
      "node:http",
      "node:net",
    ],
  },
  sandbox: { rooms: [], packages: ["node:*"] },
};

/** Vendor folders hold what several providers of one vendor share; only those providers may look into them. */
const vendorFolders: Readonly<Record<string, string>> = { "providers/huawei-auth": "providers/huawei-" };

const importPattern = /(?:import|export)(\s+type)?\s[^"';]*?from\s+"([^"]+)"|import\("([^"]+)"\)|import\s+"([^"]+)"/g;

/** All imports that a file's text writes. */
export function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(importPattern)].map((match) => {
    const written = match[2] ?? match[3] ?? match[4] ?? "";
    const isRelative = written.startsWith(".");
    const target = isRelative ? normalize(join(dirname(file), written)) : packageName(written);
    return { file, target, isRelative, typesOnly: match[1] !== undefined };
  });
}

/** Null when the import is allowed, else why it is not. */
export function violation({ file, target, isRelative, typesOnly }: Import): string | null {
  const room = roomOf(file);
  if (room === null) return null;
  const rule = roomRules[room];
  if (!isRelative) return rule?.packages.some((name) => matchesPackage(name, target)) ? null : refusal(file, target);
  if (unitOf(target) === unitOf(file) || isOwnVendorFolder(file, target)) return null;
  return rule?.rooms.some((allowed) => covers(allowed, target, typesOnly) && !isSibling(file, target, allowed))
    ? null
    : refusal(file, target);
}

function refusal(file: string, target: string): string {
  return `${file} imports ${target}: not allowed in its room`;
}

function roomOf(file: string): string | null {
  const rooms = Object.keys(roomRules).filter((room) => file === room || file.startsWith(`${room}/`));
  return rooms.toSorted((left, right) => right.length - left.length)[0] ?? null;
}

/** What may import itself freely: a room, a provider's folder, or a file of the providers' own room. */
function unitOf(path: string): string {
  const [room, second] = path.split("/");
  return room === "providers" ? `${room}/${second}` : (room ?? path);
}

/** A provider may see the room of providers only as far as the table names single parts of it. */
function isSibling(file: string, target: string, allowed: string): boolean {
  return allowed === "providers" && (roomOf(file) !== "providers/registry.ts" || !target.endsWith("/index.ts"));
}

function isOwnVendorFolder(file: string, target: string): boolean {
  return Object.entries(vendorFolders).some(
    ([folder, prefix]) => target.startsWith(`${folder}/`) && file.startsWith(prefix),
  );
}

function covers(allowed: string, target: string, typesOnly: boolean): boolean {
  if (allowed.endsWith("*") && !typesOnly) return false;
  const path = allowed.replace(/\*$/, "");
  return target === path || target.startsWith(`${path}/`);
}

function matchesPackage(allowed: string, name: string): boolean {
  return allowed === name || (allowed === "node:*" && name.startsWith("node:"));
}

function packageName(specifier: string): string {
  if (specifier.startsWith("node:")) return specifier;
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}
