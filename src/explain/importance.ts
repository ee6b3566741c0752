/**
 * Permutation importance (Breiman 2001; Fisher, Rudin & Dominici 2019): how much worse the metric gets if the values of a column
 * change places between rows. A column of the file is permuted as a whole: all parts of a date, all words of a text.
 */
import { setImmediate as otherEvents } from 'node:timers/promises';
import { Rng } from '../numbers/rng.js';
import { mean, standardDeviation } from '../numbers/statistics.js';
import type { ColumnType } from '../tables/schema.js';

export interface ColumnImportance {
  readonly column: string;
  readonly type: ColumnType;
  /** How much worse the metric is, mean over the repeats. */
  readonly importance: number;
  /** Over the repeats. */
  readonly sd: number;
  /** 95 %: 0 is within if the column is worth no more than chance. */
  readonly low: number;
  readonly high: number;
}

/** A column, and the numbers of a stored row that it is. */
export interface PermutedColumn {
  readonly column: string;
  readonly type: ColumnType;
  readonly fields: readonly number[];
}

export interface Permuted {
  /** f32 [count][width]: changed and restored. */
  readonly rows: Float32Array;
  readonly width: number;
  readonly columns: readonly PermutedColumn[];
  /** How bad rows are predicted: the metric, or its negative if higher is better. */
  worse(rows: Float32Array): number;
  readonly repeats: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** 97.5 % quantile of Student's t with n − 1 degrees of freedom, n from 2. */
const quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];
export const mostRepeats = quantiles.length + 1;

/** The most important first. @throws the reason of the signal. */
export async function importanceOf(given: Permuted): Promise<ColumnImportance[]> {
  const { rows, columns, worse, repeats, seed, signal } = given;
  const before = worse(rows);
  const found: ColumnImportance[] = [];
  for (const [place, { column, type, fields }] of columns.entries()) {
    const changes: number[] = [];
    for (let repeat = 0; repeat < repeats && fields.length > 0; repeat++) {
      await otherEvents(null, { signal });
      changes.push(permuted(given, fields, new Rng(seed, place * mostRepeats + repeat)) - before);
    }
    found.push({ column, type, ...summary(changes) });
  }
  return found.sort((a, b) => b.importance - a.importance);
}

/** What the rows are worth after the fields have changed places. */
function permuted({ rows, width, worse }: Permuted, fields: readonly number[], rng: Rng): number {
  const count = rows.length / width;
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  const kept = fields.map((field) => Float32Array.from(order, (_, i) => rows[i * width + field]));
  fields.forEach((field, k) => {
    order.forEach((from, i) => {
      rows[i * width + field] = kept[k][from];
    });
  });
  const value = worse(rows);
  fields.forEach((field, k) => {
    for (let i = 0; i < count; i++) rows[i * width + field] = kept[k][i];
  });
  return value;
}

/**
 * If a column is noise, its own order is one more permutation: the distance of one draw from the mean of n others has a standard
 * deviation of sd · √(1 + 1 / n). No changes: the network does not see the column.
 */
function summary(changes: readonly number[]): Omit<ColumnImportance, 'column' | 'type'> {
  if (changes.length === 0) return { importance: 0, sd: 0, low: 0, high: 0 };
  const importance = mean(changes);
  const sd = standardDeviation(changes) ?? 0;
  const half = quantiles[changes.length - 2] * sd * Math.sqrt(1 + 1 / changes.length);
  return { importance, sd, low: importance - half, high: importance + half };
}
