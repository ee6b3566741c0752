/**
 * The single line that refuses a configuration: source, key, what was expected, what was given.
 * Only the first problem is described in full; the others are counted.
 */

import type * as z from 'zod';
import { ExitCode, expectedGot, quoted, type Refused, shortened, UserError } from '../user-error.js';
import { choiceSections, describeKeys, type KeyDescription, sectionPaths } from './keys.js';
import { type Branch, deepest, plain, valueAt } from './layer.js';
import { didYouMean, nearestKeys } from './nearest.js';

export interface Problem {
  /** The file as the user knows it, or `command line`. */
  readonly source: string;
  readonly path: readonly PropertyKey[];
  readonly text: string;
  /** Of two keys that do not go together: all of them, dotted. */
  readonly keys?: readonly string[];
  /** Of a wrong value. */
  readonly refused?: Pick<Refused, 'expected' | 'received'>;
}

export function refuse(problems: readonly Problem[]): never {
  const lines = [...new Set(problems.map(({ source, path, text }) => `${source}: ${pathText(path)}${text}`))];
  const more = lines.length > 1 ? ` (and ${lines.length - 1} more)` : '';
  const [{ path, refused }] = problems;
  throw new UserError(`${lines[0]}${more}`, ExitCode.usage, {
    refused: { key: path.map(String).join('.'), ...refused },
  });
}

/** The problems that the schema found in the merged layers, one for each key. */
export function schemaProblems(issues: readonly z.core.$ZodIssue[], layers: Branch): Problem[] {
  const known = describeKeys();
  const refused = new Set<string>();
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey([...issue.path, key], layers, known));
    }
    // A value that fails several checks is one problem: -1.5 is neither whole nor above 0.
    const path = pathText(issue.path);
    if (refused.has(path)) return [];
    refused.add(path);
    return [wrongValue(issue, layers, known)];
  });
}

function wrongValue(issue: z.core.$ZodIssue, layers: Branch, known: readonly KeyDescription[]): Problem {
  const value = valueAt(plain(layers), issue.path);
  const choices = known.filter(({ key }) => key === issue.path.join('.')).flatMap((key) => key.choices);
  const hint = typeof value === 'string' ? didYouMean(value, choices) : '';
  const { label } = deepest(layers, issue.path).source;
  const refused = { expected: issue.message, received: value };
  return { source: label, path: issue.path, text: `${wording(issue.message, value)}${hint}`, refused };
}

/** `expectedGot`, also for numbers that JSON cannot represent. */
export function wording(expected: string, value: unknown): string {
  const isOutsideJson = typeof value === 'number' && !Number.isFinite(value);
  return isOutsideJson ? `expected ${expected}, got ${value} (number)` : expectedGot(expected, value);
}

function unknownKey(at: readonly PropertyKey[], layers: Branch, known: readonly KeyDescription[]): Problem {
  const path = followed(at.map(String), layers);
  const key = path.join('.');
  const names = known.map((description) => description.key);
  const { label } = deepest(layers, path).source;
  const refused = (hint: string): Problem => ({ source: label, path, text: `unknown key; ${hint}` });

  if (key === 'extends') return refused('only a file can extend another, at its top');
  if (names.includes(key)) {
    const nested = path.some((part) => part.includes('.'));
    return refused(
      nested ? `in a file, write it nested: { ${key.replaceAll('.', ': { ')}: … }` : needs(key, known),
    );
  }
  const meant = nearestKeys(key, [
    ...new Set([...names, ...sectionPaths().filter((section) => section !== '')]),
  ]);
  if (meant.length > 0) return refused(`did you mean ${meant.join(' or ')}?`);
  return refused(keysBeside(at.slice(0, -1).map(String), layers, known));
}

/** `optimizer.beta1` exists, but only with another optimizer. */
function needs(key: string, known: readonly KeyDescription[]): string {
  const conditions = known.filter((description) => description.key === key).map(({ when }) => when);
  return `it needs ${conditions.join(' or ')}`;
}

/** The keys that a section has with the chosen name. */
function keysBeside(section: readonly string[], layers: Branch, known: readonly KeyDescription[]): string {
  const prefix = section.map((part) => `${part}.`).join('');
  const choice = choiceSections().find((candidate) => candidate.section === section.join('.'));
  const chosen = choice && (valueAt(plain(layers), [...section, choice.discriminator]) ?? choice.defaultName);
  const beside = known
    .filter(
      ({ key, when }) => key.startsWith(prefix) && (when === null || !choice || when.endsWith(`=${chosen}`)),
    )
    .map(({ key }) => key.slice(prefix.length).split('.')[0]);
  return `the keys ${prefix === '' ? 'at the top' : `of ${section.join('.')}`} are ${[...new Set(beside)].join(', ')}`;
}

/** An unknown key that holds a single key stands for the whole path: `optimzer.lr`, not `optimzer`. */
function followed(path: readonly string[], layers: Branch): string[] {
  const longer = [...path];
  for (;;) {
    const layer = deepest(layers, longer);
    const [only, ...others] = layer.kind === 'branch' ? layer.children.keys() : [];
    if (only === undefined || others.length > 0) return longer;
    longer.push(only);
  }
}

const longestPath = 160;

/** `model.hidden[1]: `; segments that are not plain words are quoted. */
function pathText(path: readonly PropertyKey[]): string {
  const parts = path.map((part, at) => {
    if (typeof part === 'number') return `[${part}]`;
    const text = String(part);
    return `${at === 0 ? '' : '.'}${/^[\w-]+$/.test(text) ? text : quoted(text)}`;
  });
  return parts.length === 0 ? '' : `${shortened(parts.join(''), longestPath, 40)}: `;
}
