import { ConfigError, type ConfigProblem } from "../../src/config/config-error.ts";
import { type Config, parseConfigText } from "../../src/config/load-config.ts";
import type { SubstitutionSources } from "../../src/config/substitute.ts";
import { providers } from "../../src/providers/registry.ts";

/** Reads a configuration's text with this environment and these files. */
export function parse(
  text: string,
  environment: SubstitutionSources["environment"] = {},
  files: Readonly<Record<string, string>> = {},
): Config {
  const readFile = (path: string): string => {
    const content = files[path];
    if (content === undefined) throw new Error(`ENOENT: ${path}`);
    return content;
  };
  return parseConfigText(text, { environment, readFile }, providers);
}

export function problemsOf(...given: Parameters<typeof parse>): readonly ConfigProblem[] {
  return errorOf(...given)?.problems ?? [];
}

export function errorOf(...given: Parameters<typeof parse>): ConfigError | null {
  try {
    parse(...given);
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

export function pathsOf(...given: Parameters<typeof parse>): string[] {
  return problemsOf(...given).map(({ path }) => path);
}

/** The smallest configuration without problems. */
export const smallest = `
accounts:
  sim:
    provider: eiotclub
    baseUrl: https://sim.test
    appKey: key
    secret: correct-horse
`;

/** The smallest one with more keys in its account. */
export function withAccountKeys(...lines: readonly string[]): string {
  return `${smallest}${lines.map((line) => `    ${line}\n`).join("")}`;
}
