/**
 * Columns that determine the target alone, such as a column computed from it. Each is used for a prediction fitted on half of
 * the rows and judged on the other half, so a column of names or numbers of rows is none.
 */
import { square } from '../numbers/elementary.js';
import { Rng, shuffle } from '../numbers/rng.js';
import type { TypedTable } from './column-types.js';
import type { Targets } from './targets.js';
import type { Column } from './word-columns.js';

export interface Leak {
  readonly column: string;
  /** The share of what the mean or the largest class leaves open that the column explains on held-out rows. */
  readonly explained: number;
}

const mostRows = 20_000;
/** Fewer rows prove nothing. */
const leastRows = 50;
/** Of the rows that the largest class gets wrong; of the variance. */
const [classesShare, valuesShare] = [0.98, 0.999];
/** Ranges of equal numbers of rows, for classes by a number. */
const ranges = 256;

/** `places`: of the targets that may be used: those of the training rows. */
export function leaksIn(table: TypedTable, targets: Targets, places: Uint32Array, seed: number): Leak[] {
  const drawn = Int32Array.from(places);
  shuffle(drawn, new Rng(seed));
  const used = drawn.subarray(0, mostRows);
  if (used.length < leastRows) return [];
  const half = Math.floor(used.length / 2);
  const [fitted, judged] = [used.subarray(0, half), used.subarray(half)];
  return table.schema.columns.flatMap(({ name, type }, place) => {
    if (type === 'ignore' || targets.schema.columns.includes(name)) return [];
    const keys = keysOf(table.columns[place]);
    if (keys === null) return [];
    const explained = explainedBy(keys, targets, fitted, judged);
    const limit = targets.schema.task === 'values' ? valuesShare : classesShare;
    return explained >= limit ? [{ column: name, explained }] : [];
  });
}

/** A number for each row of the table; NaN: missing. */
type Keys = { readonly of: (row: number) => number; readonly isNumber: boolean };

function keysOf(column: Column): Keys | null {
  if (column.kind === 'none') return null;
  if (column.kind === 'values') return { of: (row) => column.values[row], isNumber: true };
  return { of: (row) => column.indices[row], isNumber: false };
}

/** The least over the outputs. */
function explainedBy(keys: Keys, targets: Targets, fitted: Int32Array, judged: Int32Array): number {
  const { schema, values, rows } = targets;
  const key = (place: number) => keys.of(rows[place]);
  const width = values instanceof Uint32Array ? 1 : schema.names.length;
  const shares = Array.from({ length: width }, (_, output) => {
    const target = (place: number) => values[place * width + output];
    return schema.task === 'values' && keys.isNumber
      ? varianceExplained(key, target, fitted, judged)
      : schema.task === 'values'
        ? meansExplained(key, target, fitted, judged)
        : classesExplained(keys.isNumber ? rangesOf(key, fitted) : key, target, fitted, judged);
  });
  return Math.min(...shares);
}

type Of = (place: number) => number;

/** The range that a number falls in. */
function rangesOf(key: Of, fitted: Int32Array): Of {
  const sorted = Float64Array.from(fitted, key)
    .filter((value) => !Number.isNaN(value))
    .sort();
  const edges = [
    ...new Set(Array.from({ length: ranges }, (_, i) => sorted[Math.floor((i * sorted.length) / ranges)])),
  ];
  return (place) => {
    const value = key(place);
    return Number.isNaN(value) ? -1 : edges.findLastIndex((edge) => value >= edge);
  };
}

function classesExplained(key: Of, target: Of, fitted: Int32Array, judged: Int32Array): number {
  const counts = new Map<number, Map<number, number>>();
  const all = new Map<number, number>();
  const add = (map: Map<number, number>, value: number) => map.set(value, (map.get(value) ?? 0) + 1);
  for (const place of fitted) {
    const own = counts.get(key(place)) ?? new Map<number, number>();
    counts.set(key(place), own);
    add(own, target(place));
    add(all, target(place));
  }
  const most = (map: ReadonlyMap<number, number>) => [...map].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  const largest = most(all);
  const best = new Map([...counts].map(([value, own]) => [value, most(own)]));
  let [wrong, wrongAlways] = [0, 0];
  for (const place of judged) {
    if ((best.get(key(place)) ?? largest) !== target(place)) wrong += 1;
    if (largest !== target(place)) wrongAlways += 1;
  }
  return wrongAlways === 0 ? 0 : 1 - wrong / wrongAlways;
}

/** By the mean of each word. */
function meansExplained(key: Of, target: Of, fitted: Int32Array, judged: Int32Array): number {
  const sums = new Map<number, { sum: number; count: number }>();
  let total = 0;
  for (const place of fitted) {
    const own = sums.get(key(place)) ?? { sum: 0, count: 0 };
    own.sum += target(place);
    own.count += 1;
    total += target(place);
    sums.set(key(place), own);
  }
  const mean = total / fitted.length;
  return explainedVariance(judged, target, mean, (place) => {
    const own = sums.get(key(place));
    return own === undefined ? mean : own.sum / own.count;
  });
}

/** By interpolation between the neighbours. */
function varianceExplained(key: Of, target: Of, fitted: Int32Array, judged: Int32Array): number {
  const known = fitted.filter((place) => !Number.isNaN(key(place))).sort((a, b) => key(a) - key(b));
  let total = 0;
  for (const place of fitted) total += target(place);
  const mean = total / fitted.length;
  if (known.length < 2) return 0;
  return explainedVariance(judged, target, mean, (place) => {
    const value = key(place);
    if (Number.isNaN(value)) return mean;
    let [low, high] = [0, known.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (key(known[middle]) <= value) low = middle;
      else high = middle;
    }
    const [a, b] = [key(known[low]), key(known[high])];
    const share = a === b ? 0 : Math.min(1, Math.max(0, (value - a) / (b - a)));
    return target(known[low]) + share * (target(known[high]) - target(known[low]));
  });
}

function explainedVariance(judged: Int32Array, target: Of, mean: number, predicted: Of): number {
  let [left, all] = [0, 0];
  for (const place of judged) {
    left += square(target(place) - predicted(place));
    all += square(target(place) - mean);
  }
  return all === 0 ? 0 : 1 - left / all;
}
