/**
 * The default recipe of a command, used if the user names none. Its values are defaults: if a value that the user set
 * conflicts with one of them, the default of its key replaces the value of the recipe.
 */
import { type Branch, given, type Layer, plain } from './layer.js';
import type { Problem } from './refusal.js';

/** A value of the recipe that was replaced. */
export interface Displaced {
  readonly path: readonly string[];
  /** The name of the file, as messages show it. */
  readonly source: string;
  readonly value: unknown;
  readonly reason: string;
}

/**
 * Removes from the layers the values of the recipe that cause the problems; null if a problem has another cause.
 * `onOwnData`: the recipe was not made for the data, so its values are also removed if the problem blames another key.
 */
export function displace(
  problems: readonly Problem[],
  merged: Branch,
  layers: readonly Branch[],
  onOwnData: boolean,
): Displaced[] | null {
  const displaced = new Map<string, Displaced>();
  const isImplied = (key: string) => given(merged, key.split('.'))?.source.implied === true;
  for (const { path, text, keys = [] } of problems) {
    const blamed = path.join('.');
    const key = [blamed, ...(onOwnData ? keys : [])].find(isImplied);
    const layer = key === undefined ? null : given(merged, key.split('.'));
    if (key === undefined || layer === null) return null;
    const reason = `${key === blamed ? '' : `${blamed}: `}${text.replace(/, got .*$/, '')}`;
    if (!displaced.has(key))
      displaced.set(key, { path: key.split('.'), source: layer.source.label, value: plain(layer), reason });
  }
  for (const { path } of displaced.values()) for (const layer of layers) removeAt(layer, path);
  return displaced.size === 0 ? null : [...displaced.values()];
}

function removeAt(layer: Branch, path: readonly string[]): void {
  const above = given(layer, path.slice(0, -1));
  if (above?.kind === 'branch' && above.source.implied === true) above.children.delete(path.at(-1) ?? '');
}

/** The dotted keys that the user set: on the command line, in a file that the user named, or in a study. */
export function givenKeys(layer: Layer, path: readonly string[] = []): string[] {
  if (layer.kind === 'leaf') return layer.source.implied === true ? [] : [path.join('.')];
  return [...layer.children].flatMap(([key, child]) => givenKeys(child, [...path, key]));
}
