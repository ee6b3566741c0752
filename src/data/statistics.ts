/** What the plan must know of the data before memory is laid out. */
import type { SampleKernels } from '../kernels/sample-kernels.js';
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

/** A normalisation that is fitted and the choice of the packing look at the same samples. Nothing writes to samples. */
const measured = new WeakMap<Values['values'], FeatureStatistics>();

/** One pass over the features. `kernels`: null on platforms without them. */
export function* measuringFeatures(
  samples: Values,
  kernels: SampleKernels | null = null,
): Steps<FeatureStatistics> {
  const { values, count, shape, full } = samples;
  const width = sizeOf(shape);
  const known = measured.get(values);
  if (known !== undefined && known.count === count && known.sums.length === width) return known;
  const sums = new Float64Array(width);
  const nonZeros = new Uint32Array(width);
  let squares = 0;
  const stride = rowsAStep(width);
  for (let first = 0; first < count; first += stride) {
    const last = Math.min(count, first + stride);
    if (kernels?.counts(values, width, full)) {
      const some = values.subarray(first * width, last * width);
      squares += kernels.add(some, last - first, width, { sums, nonZeros });
    } else squares += measureRows(samples, first, last, sums, nonZeros);
    yield { doing: 'counting values', share: first / count };
  }
  const totalNonZeros = nonZeros.reduce((sum, found) => sum + found, 0);
  const statistics = { count, sums, squares, nonZeros, totalNonZeros };
  measured.set(values, statistics);
  return statistics;
}

/**
 * A function of its own: V8 compiles loops in generators less well. All sums are of integers, so exact. Returns that of
 * the squares.
 */
function measureRows(
  { values, shape }: Values,
  first: number,
  last: number,
  sums: Float64Array,
  nonZeros: Uint32Array,
): number {
  const width = sizeOf(shape);
  let squares = 0;
  for (let row = first, i = first * width; row < last; row++) {
    for (let p = 0; p < width; p++) {
      const value = values[i++];
      if (value !== 0) {
        sums[p] += value;
        squares += value * value;
        nonZeros[p]++;
      }
    }
  }
  return squares;
}
