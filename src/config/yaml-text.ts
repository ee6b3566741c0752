/**
 * YAML 1.2 (core schema: `yes` is a string) to values, and a configuration back to YAML. Only this file imports the
 * yaml package, which takes 25 ms cold: import it dynamically if YAML is optional.
 */

import { Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { mostDepth } from './layer.js';
import type { Config } from './schema.js';

/** The error and its place; line and column count from 1. */
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

/**
 * The value of one document, mappings as Maps, merge keys (`<<: *base`) merged; null for an empty text. `sections`: the
 * top-level keys that have a meaning; others that only hold what is merged are left out. Null: nothing is.
 */
export function parseYaml(text: string, sections: ReadonlySet<string> | null = null): unknown {
  const lines = new LineCounter();
  try {
    const options = { lineCounter: lines, prettyErrors: false, version: '1.2', merge: true } as const;
    const document = parseDocument(text, options);
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) {
      const { line, col } = lines.linePos(problem.pos[0]);
      // The parser reports the end of its stack so.
      const isDeep = problem.message.includes('call stack');
      const severalDocuments = problem.code === 'MULTIPLE_DOCS';
      throw new YamlProblem(
        severalDocuments ? 'more than one document' : isDeep ? tooDeep : oneLine(problem.message),
        line,
        col,
      );
    }
    const value: unknown = document.toJS({ mapAsMap: true });
    if (value instanceof Map && sections !== null)
      for (const name of templates(document)) if (!sections.has(name)) value.delete(name);
    refuseDepth(value, 0);
    return value;
  } catch (error) {
    if (error instanceof YamlProblem) throw error;
    // Nesting too deep for the parser's stack, or aliases that multiply out.
    const message = error instanceof Error ? error.message : String(error);
    throw new YamlProblem(error instanceof RangeError ? tooDeep : oneLine(message), 1, 1);
  }
}

/**
 * Top-level keys that only hold what is merged elsewhere (`<<: *base`): those that begin with `x-` or a dot, as in Docker
 * Compose and GitLab, and those whose anchor a merge key uses.
 */
function templates(document: Document.Parsed): string[] {
  if (!isMap(document.contents)) return [];
  const merged = new Set<string>();
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || key.source !== '<<') return;
      for (const item of isSeq(value) ? value.items : [value]) if (isAlias(item)) merged.add(item.source);
    },
  });
  return document.contents.items.flatMap(({ key, value }) => {
    const name = isScalar(key) ? String(key.value) : '';
    const isTemplate =
      /^(x-|\.)/.test(name) || (isMap(value) && value.anchor !== undefined && merged.has(value.anchor));
    return isTemplate ? [name] : [];
  });
}

/** Writes a configuration as YAML that loads to the same configuration. Lists stay on one line. */
export function toYaml(config: Config): string {
  return plainYaml(config, '') ?? documentOf(config);
}

/**
 * The same text for values that need no quotes and no lists of other things than numbers, in a twentieth of the time of
 * the first document: a run writes its configuration before its first step. Null for any other.
 */
export function plainYaml(section: object, indent: string): string | null {
  let text = '';
  for (const [key, value] of Object.entries(section)) {
    if (!isPlainWord(key) || value === undefined) return null;
    if (Array.isArray(value)) {
      if (value.length === 0 || !value.every(isPlainNumber)) return null;
      text += `${indent}${key}: [ ${value.join(', ')} ]\n`;
    } else if (typeof value === 'object' && value !== null) {
      const inner = Object.keys(value).length === 0 ? null : plainYaml(value, `${indent}  `);
      if (inner === null) return null;
      text += `${indent}${key}:\n${inner}`;
    } else if (value === null || typeof value === 'boolean' || isPlainNumber(value) || isPlainWord(value)) {
      text += `${indent}${key}: ${value}\n`;
    } else return null;
  }
  return text;
}

/** As JavaScript and YAML write it: no exponent, no sign of zero. */
const isPlainNumber = (value: unknown): boolean =>
  typeof value === 'number' && /^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/.test(`${value}`) && !Object.is(value, -0);

const isPlainWord = (value: unknown): boolean =>
  typeof value === 'string' && /^[a-z][a-zA-Z-]{1,40}$/.test(value) && !/^(true|false|null)$/.test(value);

export function documentOf(config: Config): string {
  const document = new Document(config);
  visit(document, {
    Seq(_, node) {
      if (isSeq(node)) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0 });
}

const tooDeep = 'nested too deeply, or an alias inside its own anchor';

/** A list that contains itself by an alias is infinitely deep. */
function refuseDepth(value: unknown, depth: number): void {
  if (!(value instanceof Map || Array.isArray(value))) return;
  if (depth === mostDepth) throw new YamlProblem(tooDeep, 1, 1);
  // A mapping's keys may be lists too.
  for (const child of [...value.keys(), ...value.values()]) refuseDepth(child, depth + 1);
}

function oneLine(message: string): string {
  return message.trim().replace(/\s+/g, ' ');
}
