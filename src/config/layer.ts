/**
 * Layers of configuration before they are checked. Each value remembers where it was given, so that a refusal can name
 * the file or the command line. Children are Maps, so a key such as `__proto__` is an ordinary key.
 */

import { ExitCode, UserError } from '../user-error.js';
import type { ChoiceSection } from './keys.js';

/** Where a value was given. A higher rank wins over a lower one. */
export interface Source {
  readonly label: string;
  readonly rank: number;
  /** A file that the user did not name: its values are replaced if they do not fit. */
  readonly implied?: boolean;
}

/** Below every layer given by a user. */
export const defaultsSource: Source = { label: 'defaults', rank: Number.NEGATIVE_INFINITY };

export interface Leaf {
  readonly kind: 'leaf';
  readonly source: Source;
  readonly value: unknown;
}

export interface Branch {
  readonly kind: 'branch';
  readonly source: Source;
  readonly children: Map<string, Layer>;
}

export type Layer = Leaf | Branch;

export function emptyBranch(source: Source): Branch {
  return { kind: 'branch', source, children: new Map() };
}

/** Mappings (Map or object) become branches; lists and single values are leaves. @throws UserError if it is too deep. */
export function layerOf(value: unknown, source: Source, depth = 0): Layer {
  refuseDepth(depth, source);
  const entries = entriesOf(value, source, depth);
  if (entries === null) return { kind: 'leaf', source, value: withoutMaps(value, source, depth) };
  const branch = emptyBranch(source);
  for (const [key, child] of entries) branch.children.set(key, layerOf(child, source, depth + 1));
  return branch;
}

/** Far deeper than any configuration; an object of a program that contains itself is infinitely deep. */
export const mostDepth = 32;

function refuseDepth(depth: number, { label }: Source): void {
  if (depth > mostDepth)
    throw new UserError(`${label}: expected keys nested at most ${mostDepth} deep, got more`, ExitCode.usage);
}

/**
 * Puts a value at a path inside one layer. It replaces what was given there before; mappings are joined.
 * @throws UserError if the path is too deep.
 */
export function place(root: Branch, path: readonly string[], value: Layer): void {
  refuseDepth(path.length, value.source);
  let branch = root;
  for (const key of path.slice(0, -1)) {
    const next = branch.children.get(key);
    const inner = next?.kind === 'branch' ? next : emptyBranch(value.source);
    branch.children.set(key, inner);
    branch = inner;
  }
  const last = path.at(-1) ?? '';
  const before = branch.children.get(last);
  const joined = before?.kind === 'branch' && value.kind === 'branch' ? merge(before, value, []) : value;
  branch.children.set(last, joined);
}

/** A single word for a section whose keys depend on its name is that name: `backend: js` is `backend: { name: js }`. */
export function spellOutNames(layer: Branch, choices: readonly ChoiceSection[]): void {
  for (const { section, discriminator } of choices) {
    const given = layer.children.get(section);
    if (given?.kind !== 'leaf' || typeof given.value !== 'string') continue;
    const branch = emptyBranch(given.source);
    branch.children.set(discriminator, given);
    layer.children.set(section, branch);
  }
}

/**
 * The later layer wins key by key; lists are replaced. In a section whose `name` decides its keys, a later layer that
 * changes the name drops the keys that earlier layers gave for the other name.
 */
export function merge(earlier: Branch, later: Branch, choices: readonly ChoiceSection[]): Branch {
  const children = new Map(earlier.children);
  for (const [key, child] of later.children) {
    const before = children.get(key);
    const choice = choices.find(({ section }) => section === key);
    const keepsBoth =
      before?.kind === 'branch' && child.kind === 'branch' && !(choice && changesName(before, child, choice));
    children.set(key, keepsBoth ? merge(before, child, []) : child);
  }
  return { kind: 'branch', source: later.source, children };
}

function changesName(before: Branch, after: Branch, { discriminator, defaultName }: ChoiceSection): boolean {
  const chosen = after.children.get(discriminator);
  if (chosen === undefined) return false;
  const earlier = before.children.get(discriminator);
  const earlierName = earlier === undefined ? defaultName : plain(earlier);
  return plain(chosen) !== earlierName;
}

/** The layer as plain objects. `Object.fromEntries` makes `__proto__` an own property, not a prototype. */
export function plain(layer: Layer): unknown {
  if (layer.kind === 'leaf') return layer.value;
  return Object.fromEntries([...layer.children].map(([key, child]) => [key, plain(child)]));
}

/** The layer at a path; null if nothing was given there. */
export function given(root: Layer, path: readonly PropertyKey[]): Layer | null {
  const found = path.reduce<Layer | undefined>(
    (layer, key) => (layer?.kind === 'branch' ? layer.children.get(String(key)) : undefined),
    root,
  );
  return found ?? null;
}

/** The layer at a path, or the deepest one above it: a list is a leaf, so `model.hidden[1]` finds the list. */
export function deepest(root: Layer, path: readonly PropertyKey[]): Layer {
  for (let length = path.length; length > 0; length -= 1) {
    const found = given(root, path.slice(0, length));
    if (found !== null) return found;
  }
  return root;
}

function entriesOf(value: unknown, source: Source, depth: number): [string, unknown][] | null {
  if (value instanceof Map) {
    return [...value].map(([key, child]) => [
      typeof key === 'object' ? JSON.stringify(withoutMaps(key, source, depth + 1)) : String(key),
      child,
    ]);
  }
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isPlain ? Object.entries(value) : null;
}

function withoutMaps(value: unknown, source: Source, depth: number): unknown {
  refuseDepth(depth, source);
  const inner = (child: unknown) => withoutMaps(child, source, depth + 1);
  if (Array.isArray(value)) return value.map(inner);
  const entries = entriesOf(value, source, depth);
  return entries === null ? value : Object.fromEntries(entries.map(([key, child]) => [key, inner(child)]));
}

/** The value at a path in a plain value; undefined if there is none. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}
