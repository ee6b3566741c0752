/** What the plan must know of the data before memory is laid out. */
import { sizeOf, type Values } from './transforms/transform.js';

export interface FeatureStatistics {
  readonly count: number;
  /** Per feature: Σ value over the samples, exact. */
  readonly sums: Float64Array;
  /** Σ value² over everything. */
  readonly squares: number;
  /** Per feature: samples in which it is not zero. */
  readonly nonZeros: Uint32Array;
  readonly totalNonZeros: number;
}

/** One pass over the features. */
export function measureFeatures({ values, count, shape }: Values): FeatureStatistics {
  const width = sizeOf(shape);
  const sums = new Float64Array(width);
  const nonZeros = new Uint32Array(width);
  let squares = 0;
  let totalNonZeros = 0;
  for (let row = 0, i = 0; row < count; row++) {
    for (let p = 0; p < width; p++) {
      const value = values[i++];
      if (value !== 0) {
        sums[p] += value;
        squares += value * value;
        nonZeros[p]++;
        totalNonZeros++;
      }
    }
  }
  return { count, sums, squares, nonZeros, totalNonZeros };
}
