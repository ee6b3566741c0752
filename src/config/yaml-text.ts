/**
 * YAML 1.2 (core schema: `yes` is a string) to values, and a configuration back to YAML. The only file
 * that imports the yaml package, 25 ms cold: import it dynamically where no YAML may be needed.
 */

import { Document, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Config } from './schema.js';

/** Why a text isn't YAML, and where; line and column count from 1. */
export class YamlProblem extends Error {
  override readonly name = 'YamlProblem';
  readonly line: number;
  readonly column: number;

  constructor(reason: string, line: number, column: number) {
    super(reason);
    this.line = line;
    this.column = column;
  }
}

/** The value of one document, mappings as Maps; null for an empty text. */
export function parseYaml(text: string): unknown {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' });
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) {
      const { line, col } = lines.linePos(problem.pos[0]);
      const severalDocuments = problem.code === 'MULTIPLE_DOCS';
      throw new YamlProblem(
        severalDocuments ? 'more than one document' : oneLine(problem.message),
        line,
        col,
      );
    }
    const value: unknown = document.toJS({ mapAsMap: true });
    refuseDepth(value, 0);
    return value;
  } catch (error) {
    if (error instanceof YamlProblem) throw error;
    // Nesting too deep for the parser's stack, or aliases that multiply out.
    throw new YamlProblem(oneLine(error instanceof Error ? error.message : String(error)), 1, 1);
  }
}

/** Loads back to the same configuration. Lists stay on one line. */
export function toYaml(config: Config): string {
  const document = new Document(config);
  visit(document, {
    Seq(_, node) {
      if (isSeq(node)) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** Far deeper than any configuration; a list that contains itself by an alias has no end. */
function refuseDepth(value: unknown, depth: number): void {
  if (!(value instanceof Map || Array.isArray(value))) return;
  if (depth > 32) throw new YamlProblem('nested too deeply, or an alias inside what it stands for', 1, 1);
  // A mapping's keys may be lists too.
  for (const child of [...value.keys(), ...value.values()]) refuseDepth(child, depth + 1);
}

function oneLine(message: string): string {
  return message.trim().replace(/\s+/g, ' ');
}
