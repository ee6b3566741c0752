/** What the plan must know of the data before memory is laid out. */
import { atOnce, rowsAStep, type Steps } from '../numbers/steps.js';
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

export const measureFeatures = (samples: Values): FeatureStatistics => atOnce(measuringFeatures(samples));

/** One pass over the features. */
export function* measuringFeatures({ values, count, shape }: Values): Steps<FeatureStatistics> {
  const width = sizeOf(shape);
  const sums = new Float64Array(width);
  const nonZeros = new Uint32Array(width);
  let squares = 0;
  let totalNonZeros = 0;
  const stride = rowsAStep(width);
  for (let row = 0, i = 0; row < count; row++) {
    if (row % stride === stride - 1) yield { doing: 'counting values', share: row / count };
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
