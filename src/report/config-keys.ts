/** Configurations and hardware facts as flat lists of dotted keys, and the differences of two of them. */

/** `{ train: { batch: 8 } }` becomes `train.batch` → `8`; lists and null are values, as JSON. */
export function flatKeys(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map(prefix === '' ? [] : [[prefix, shown(value)]]);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(
    entries.flatMap(([key, inner]) => [...flatKeys(inner, prefix === '' ? key : `${prefix}.${key}`)]),
  );
}

const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

export interface Difference {
  readonly key: string;
  /** Null if that side has no such key. */
  readonly a: string | null;
  readonly b: string | null;
}

export function differences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): Difference[] {
  const keys = [...new Set([...a.keys(), ...b.keys()])].sort();
  return keys
    .map((key) => ({ key, a: a.get(key) ?? null, b: b.get(key) ?? null }))
    .filter((found) => found.a !== found.b);
}

/** Keys that decide how a recipe is run or recorded, not what it is. */
const notRecipe = /^(log\.|seed$|parallel\.|backend$|data\.dir$)/;

export const recipeKeys = (config: unknown): Map<string, string> =>
  new Map([...flatKeys(config)].filter(([key]) => !notRecipe.test(key)));

/** One line that is the same for the same map. */
export const keyOf = (map: ReadonlyMap<string, string>): string => JSON.stringify([...map]);
