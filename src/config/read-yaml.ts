import { type Document, LineCounter, parseDocument, visit, type YAMLError } from "yaml";
import type { ConfigProblem } from "./config-error.ts";

/** Reads YAML into plain data; undefined, and at least one problem more, when it is not valid. */
export function readYaml(text: string, problems: ConfigProblem[]): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const found = [...document.errors, ...document.warnings].map(problemOf);
  found.push(...danglingAliases(document, lines));
  if (found.length === 0) return toPlainData(document, problems);
  problems.push(...found);
  return undefined;
}

/** In our own words: the parser's own repeat a piece of the text, which may be a secret that was not quoted. */
function problemOf({ code, linePos }: YAMLError): ConfigProblem {
  const words = code.toLowerCase().replaceAll("_", " ");
  return { path: "", message: `is not valid YAML${placeOf(linePos?.[0])}: ${words}` };
}

/** The parser finds these only when they are followed, and then throws. An unquoted secret may begin with an asterisk. */
function danglingAliases(document: Document.Parsed, lines: LineCounter): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document)) return;
      const place = placeOf(lines.linePos(alias.range?.[0] ?? 0));
      problems.push({
        path: "",
        message: `is not valid YAML${place}: alias without an anchor; quote texts that begin with *`,
      });
    },
  });
  return problems;
}

/** Throws at too many aliases: a few lines could unfold into a giant. */
function toPlainData(document: Document.Parsed, problems: ConfigProblem[]): unknown {
  try {
    return document.toJS();
  } catch {
    problems.push({ path: "", message: "is not valid YAML: too many aliases" });
    return undefined;
  }
}

function placeOf(position: { readonly line: number; readonly col: number } | undefined): string {
  return position ? ` at line ${position.line}, column ${position.col}` : "";
}
