/** One thing that is wrong with the configuration. Never carries a value: it could be a secret. */
export interface ConfigProblem {
  /** Where, as in `accounts.sim.secret`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** Everything that is wrong with the configuration, reported at once. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ path, message }) => (path === "" ? `  ${message}` : `  ${path}: ${message}`));
    super(
      `The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n${lines.join("\n")}`,
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** `accounts.sim.aliases[0]` */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}
