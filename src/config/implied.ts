/**
 * The recipe that a command takes when none is named. Its values are defaults: what a person sets beside it is never
 * refused for one of them, which gives way to the default of its key instead.
 */
import { type Branch, given, type Layer, plain } from './layer.js';
import type { Problem } from './refusal.js';

/** A value of the recipe that gave way. */
export interface Displaced {
  readonly path: readonly string[];
  /** The file as people know it. */
  readonly source: string;
  readonly value: unknown;
  readonly reason: string;
}

/**
 * Removes from the layers what the problems blame, if the recipe set it; null if a problem cannot be solved so.
 * `onOwnData`: the recipe is not made for the data, so what does not go with its values displaces them too.
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

/** The dotted keys that somebody set: by the command line, a file that was named, or a study. */
export function givenKeys(layer: Layer, path: readonly string[] = []): string[] {
  if (layer.kind === 'leaf') return layer.source.implied === true ? [] : [path.join('.')];
  return [...layer.children].flatMap(([key, child]) => givenKeys(child, [...path, key]));
}
