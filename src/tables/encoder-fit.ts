/** What an encoder learns from the training rows: scales, curves, edges, frequencies, categories. */
import { cos, log } from '../numbers/elementary.js';
import { Rng } from '../numbers/rng.js';
import { atOnce, type Steps } from '../numbers/steps.js';
import { UserError } from '../user-error.js';
import type { TypedTable } from './column-types.js';
import { type DatePart, partOf } from './dates-in-cells.js';
import { Encoder } from './encoder.js';
import { type Block, type Field, widthOf } from './expand.js';
import type { ColumnSchema } from './schema.js';
import { hashOf, mostSlots } from './text-entries.js';
import { rareLimit } from './word-columns.js';

/** How columns become inputs. Zero or null: not at all. */
export interface EncoderOptions {
  readonly scaling: 'standard' | 'quantile' | 'none';
  /** Ranges of the piecewise-linear encoding of a number; auto: by its distinct values. */
  readonly bins: number | 'auto';
  /** Frequencies of the periodic encoding of a number, and their standard deviation. */
  readonly periodic: number;
  readonly sigma: number;
  /** Rows in which a category must occur; null: 10, fewer in small tables. */
  readonly rare: number | null;
  readonly buckets: number;
  readonly wordGrams: number;
  readonly characters: readonly [number, number] | null;
  readonly seed: number;
}

export const encoderDefaults: EncoderOptions = {
  scaling: 'standard',
  ...{ bins: 64, periodic: 0, sigma: 1, rare: null },
  ...{ buckets: 2 ** 15, wordGrams: 2, characters: [3, 4], seed: 1 },
};

/** Points of the curve of quantile scaling. */
const curvePoints = 1000;
/** Rows that quantiles are taken of: more change them little. */
const sortedRows = 2 ** 18;

/** Of `bins: 'auto'`. */
const mostRanges = 64;
const rowsOfRange = 32;

/** Collects fields and blocks in the order of the columns. */
export class Plan {
  readonly fields: Field[] = [];
  readonly blocks: Block[] = [];
  width = 0;

  /** `block` is given its place. */
  add(block: (at: number) => Block): void {
    const placed = block(this.width);
    this.blocks.push(placed);
    this.width += widthOf(placed);
  }
}

const fround = Math.fround;

/** `targets`: columns that are no inputs. `rows`: those to learn from. */
export function fitEncoder(
  table: TypedTable,
  targets: readonly string[],
  rows: Uint32Array,
  options: Partial<EncoderOptions> = {},
): Encoder {
  const all = { ...encoderDefaults, ...options };
  if ((all.buckets & (all.buckets - 1)) !== 0 || all.buckets < 2)
    throw UserError.refusal('buckets', 'a power of two from 2 up', all.buckets);
  const { columns } = table.schema;
  const columnOf = (name: string) => table.columns[columns.findIndex((column) => column.name === name)];
  const { plan, categories } = atOnce(
    planningColumns(
      columns.filter(({ name }) => !targets.includes(name) && columnOf(name).kind !== 'none'),
      {
        part(name, of) {
          const column = columnOf(name);
          if (column.kind !== 'values') throw new Error(`${name} has no numbers`);
          return Float32Array.from(rows, (row) => partOf(column.values[row], of));
        },
        words(name) {
          const column = columnOf(name);
          if (column.kind !== 'words') throw new Error(`${name} has no words`);
          const counts = new Map<string, number>();
          for (const row of rows) {
            const word = column.words[column.indices[row]];
            counts.set(word, (counts.get(word) ?? 0) + 1);
          }
          return counts;
        },
      },
      all,
    ),
  );
  const { buckets, wordGrams, characters } = all;
  return new Encoder({
    ...{ columns, targets, categories, fields: plan.fields, blocks: plan.blocks },
    text: { buckets, wordGrams, characters, slots: mostSlots },
  });
}

/** Training rows, column by column. */
export interface ColumnValues {
  /** Of a column of numbers, dates, yes and no; NaN: missing. Written to, and not kept. */
  part(column: string, part: DatePart): Float32Array;
  /** Rows of each word of a column of categories; '': missing. */
  words(column: string): Map<string, number>;
}

/** In a step for each column; texts have entries instead of fields. */
export function* planningColumns(
  columns: readonly Pick<ColumnSchema, 'name' | 'type'>[],
  values: ColumnValues,
  options: EncoderOptions,
): Steps<{ readonly plan: Plan; readonly categories: Readonly<Record<string, readonly string[]>> }> {
  const plan = new Plan();
  const categories = new Map<string, readonly string[]>();
  for (const [place, { name, type }] of columns.entries()) {
    const part = (of: DatePart) => values.part(name, of);
    if (type === 'yes/no') planFlag(plan, name, part('value'));
    if (type === 'number' || type === 'date') planNumber(plan, name, part('value'), options);
    if (type === 'date') {
      planCycle(plan, name, 'year', 12, part('year'));
      planCycle(plan, name, 'week', 7, part('week'));
      planCycle(plan, name, 'day', 24, part('day'));
    }
    if (type === 'category') {
      const counts = values.words(name);
      const missing = counts.get('') ?? 0;
      counts.delete('');
      categories.set(name, planCategories(plan, name, counts, missing, options));
    }
    yield { doing: 'fitting the encoder', share: place / columns.length };
  }
  // Not by assignment: a column may be named `__proto__`.
  return { plan, categories: Object.fromEntries(categories) };
}

/** `values`: of the training rows, which are written to; NaN: missing. */
export function planNumber(plan: Plan, column: string, values: Float32Array, options: EncoderOptions): void {
  const known = present(values);
  const sorted = (known.length > sortedRows ? every(known, sortedRows) : known.slice()).sort();
  if (sorted.length === 0) return;
  const field = plan.fields.length;
  plan.fields.push({ column, part: 'value', fill: quantile(sorted, 0.5) });
  const { shift, scale } = scaleOf(known);
  if (scale > 0) {
    const { scaling, bins, periodic, sigma, seed } = options;
    if (scaling === 'standard') plan.add((at) => ({ op: 'linear', field, at, shift, scale }));
    if (scaling === 'quantile') plan.add((at) => ({ op: 'curve', field, at, ...curveOf(sorted) }));
    const edges = bins === 0 ? null : edgesOf(sorted, bins);
    if (edges !== null) plan.add((at) => ({ op: 'bins', field, at, edges }));
    if (periodic > 0) {
      const frequencies = frequenciesOf(periodic, sigma, seed, column);
      plan.add((at) => ({ op: 'periodic', field, at, shift, scale, frequencies }));
    }
  }
  if (known.length < values.length) plan.add((at) => ({ op: 'missing', field, at }));
}

/** Of 0 and 1. */
export function planFlag(plan: Plan, column: string, values: Float32Array): void {
  const known = present(values);
  const field = plan.fields.length;
  let ones = 0;
  for (const value of known) ones += value;
  plan.fields.push({ column, part: 'value', fill: known.length === 0 ? 0 : fround(ones / known.length) });
  if (ones > 0 && ones < known.length) plan.add((at) => ({ op: 'linear', field, at, shift: 0, scale: 1 }));
  if (known.length < values.length) plan.add((at) => ({ op: 'missing', field, at }));
}

/** A part of a date that comes round again; `values`: whole numbers are enough to see whether it varies. */
export function planCycle(
  plan: Plan,
  column: string,
  part: DatePart,
  period: number,
  values: Float32Array,
): void {
  const known = present(values);
  if (known.every((value) => value === known[0])) return;
  const field = plan.fields.length;
  plan.fields.push({ column, part, fill: 0 });
  plan.add((at) => ({ op: 'cycle', field, at, period }));
}

/** The categories that have a place of their own, sorted. `counts`: training rows of each word; `missing`: rows without. */
export function planCategories(
  plan: Plan,
  column: string,
  counts: ReadonlyMap<string, number>,
  missing: number,
  { rare }: EncoderOptions,
): string[] {
  let rows = missing;
  for (const count of counts.values()) rows += count;
  const limit = rare ?? rareLimit(rows);
  const kept = [...counts]
    .filter(([, count]) => count >= limit)
    .map(([word]) => word)
    .sort();
  const hasRare = kept.length < counts.size;
  const field = plan.fields.length;
  plan.fields.push({ column, part: 'value', fill: 0 });
  const [categories, hasMissing] = [kept.length, missing > 0];
  if (categories + (hasRare ? 1 : 0) + (hasMissing ? 1 : 0) > 1)
    plan.add((at) => ({ op: 'one-hot', field, at, categories, hasRare, hasMissing }));
  return kept;
}

/** Those that are not missing, moved to the front. Not by `filter`, which collects numbers as objects. */
function present(values: Float32Array): Float32Array {
  let count = 0;
  for (const value of values) if (!Number.isNaN(value)) values[count++] = value;
  return values.subarray(0, count);
}

function every(values: Float32Array, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)]);
}

/** Between the two nearest of sorted values. */
function quantile(sorted: Float32Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return fround(sorted[low] + (at - low) * (sorted[high] - sorted[low]));
}

/** Mean and inverse standard deviation; 0 for a constant. */
function scaleOf(values: Float32Array): { readonly shift: number; readonly scale: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  const scale = squares > 0 ? fround(1 / Math.sqrt(squares / values.length)) : 0;
  return { shift: fround(mean), scale: Number.isFinite(scale) ? scale : 0 };
}

/**
 * Half quantiles, half quantiles of the distinct values: on a column that is mostly zero, plain quantiles would be one. All
 * distinct values, if they are few. Null: fewer than two.
 */
export function edgesOf(sorted: Float32Array, wanted: number | 'auto'): Float32Array | null {
  const all = new Float32Array(sorted.length);
  let count = 0;
  for (const value of sorted) if (count === 0 || value !== all[count - 1]) all[count++] = value;
  const distinct = all.slice(0, count);
  if (distinct.length < 2) return null;
  const bins = wanted === 'auto' ? rangesOf(distinct.length, sorted.length) : wanted;
  if (distinct.length <= bins + 1) return distinct;
  const half = Math.ceil(bins / 2);
  const quantiles = (of: Float32Array) => Array.from({ length: half + 1 }, (_, i) => quantile(of, i / half));
  return Float32Array.from(new Set([...quantiles(sorted), ...quantiles(distinct)])).sort();
}

/** Neither a range for each of few values, which share nothing then, nor ranges of few rows. */
export const rangesOf = (distinct: number, rows: number): number =>
  Math.min(mostRanges, Math.ceil((distinct * distinct) / mostRanges), Math.ceil(rows / rowsOfRange));

/** From the values to those of a normal distribution with the same ranks. */
function curveOf(sorted: Float32Array): { readonly x: Float32Array; readonly y: Float32Array } {
  const points = Math.min(curvePoints, sorted.length);
  const places = Array.from({ length: points }, (_, i) =>
    Math.round((i * (sorted.length - 1)) / Math.max(1, points - 1)),
  );
  const x = Float32Array.from(new Set(places.map((place) => sorted[place])));
  const y = x.map((value) => {
    const [below, upTo] = [countBelow(sorted, value, false), countBelow(sorted, value, true)];
    return inverseNormal((below + upTo) / (2 * sorted.length));
  });
  return { x, y };
}

function countBelow(sorted: Float32Array, value: number, withEqual: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value || (withEqual && sorted[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

/** Acklam's approximation, relative error below 1.2e-9; 0 < share < 1. */
export function inverseNormal(share: number): number {
  const tail = Math.min(share, 1 - share);
  if (tail < 0.02425) {
    const q = Math.sqrt(-2 * log(tail));
    const value =
      polynomial(
        [
          -7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734,
          4.374664141464968, 2.938163982698783,
        ],
        q,
      ) / polynomial([7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1], q);
    return share < 0.5 ? value : -value;
  }
  const q = share - 0.5;
  const r = q * q;
  return (
    (q *
      polynomial(
        [
          -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
          2.506628277459239,
        ],
        r,
      )) /
    polynomial(
      [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
      r,
    )
  );
}

/** Normally distributed, by Box and Muller; the same for a column's name and seed. */
function frequenciesOf(count: number, sigma: number, seed: number, column: string): Float32Array {
  const rng = new Rng(seed, hashOf(column, 0, column.length, 0));
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * log((rng.next() + 1) / 2 ** 32));
    return sigma * radius * cos((2 * Math.PI * rng.next()) / 2 ** 32);
  });
}
