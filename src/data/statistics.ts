/** What the plan must know of the data before memory is laid out, and the normalisation made from it. */
import type { Features } from './features.js';

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
export function measureFeatures({ values, count, width }: Features): FeatureStatistics {
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

export interface Normaliser {
  /** input = value · scale − shift[feature]. */
  readonly scale: number;
  readonly shift: Float32Array;
}

/** Values of data.normalise that are a linear map with tensors of its own: `whitening.ts`. */
export type LinearKind = 'standardise' | 'whiten';

/** Whether a value of data.normalise is one of those. */
export function isLinear(normalise: string): normalise is LinearKind {
  return normalise === 'standardise' || normalise === 'whiten';
}

export type NormaliserKind = 'mnist' | 'centre' | 'none';

/**
 * `mnist`: (x/255 − 0.1307)/0.3081; `centre`: minus the per-feature mean of the training images, over the one
 * standard deviation of all centred values (a constant data set is only centred); `none`: x/255.
 */
export function makeNormaliser(
  kind: NormaliserKind,
  train: FeatureStatistics,
  pixelsPerValue: number,
): Normaliser {
  const shift = new Float32Array(train.sums.length);
  if (kind === 'none') return { scale: 1 / (255 * pixelsPerValue), shift };
  if (kind === 'mnist')
    return { scale: 1 / (255 * pixelsPerValue * 0.3081), shift: shift.fill(0.1307 / 0.3081) };
  let squaredMeans = 0;
  for (const sum of train.sums) squaredMeans += (sum / train.count) ** 2;
  const variance = (train.squares / train.count - squaredMeans) / train.sums.length;
  const deviation = variance > 0 ? Math.sqrt(variance) : 1;
  train.sums.forEach((sum, p) => {
    shift[p] = sum / train.count / deviation;
  });
  return { scale: 1 / deviation, shift };
}
