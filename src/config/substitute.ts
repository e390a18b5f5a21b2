import { type ConfigProblem, formatPath } from "./config-error.ts";

/** Where `${NAME}` and `${file:/path}` take their text from. */
export interface SubstitutionSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** @throws when the file cannot be read */
  readFile(path: string): string;
}

const placeholder = /\$\{(?:file:([^}]+)|([A-Za-z_][A-Za-z0-9_]*)|[^}]*)\}/g;

const notAPlaceholder = `holds a placeholder of no known form: write \${NAME} or \${file:/path}`;

/** Replaces placeholders in every text of a document. What cannot be replaced becomes a problem and stays as it is. */
export function substitute(
  document: unknown,
  sources: SubstitutionSources,
): { readonly document: unknown; readonly problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];

  function visit(value: unknown, path: readonly PropertyKey[]): unknown {
    if (typeof value === "string") return replaceIn(value, path);
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
  }

  function replaceIn(text: string, path: readonly PropertyKey[]): string {
    return text.replace(placeholder, (whole, file: string | undefined, name: string | undefined) => {
      const found = lookUp(file, name);
      if ("text" in found) return found.text;
      problems.push({ path: formatPath(path), message: found.problem });
      return whole;
    });
  }

  function lookUp(file: string | undefined, name: string | undefined): { text: string } | { problem: string } {
    if (file !== undefined) return fromFile(file);
    return name === undefined ? { problem: notAPlaceholder } : fromEnvironment(name);
  }

  function fromEnvironment(name: string): { text: string } | { problem: string } {
    const text = Object.hasOwn(sources.environment, name) ? sources.environment[name] : undefined;
    return text === undefined ? { problem: `environment variable ${name} is not set` } : { text };
  }

  function fromFile(path: string): { text: string } | { problem: string } {
    try {
      return { text: sources.readFile(path).trim() };
    } catch {
      return { problem: `file ${path} cannot be read` };
    }
  }

  return { document: visit(document, []), problems };
}
