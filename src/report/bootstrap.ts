/**
 * How far a median of few samples can be trusted: the percentile bootstrap (Efron 1979). The samples are drawn again
 * with replacement, and the interval holds the middle of the medians of these resamples.
 */
import { Rng } from '../data/rng.js';
import { median, quantile } from './statistics.js';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  readonly resamples?: number;
  /** Share of the resampled medians within the interval. */
  readonly level?: number;
  /** The same seed and samples give the same interval. */
  readonly seed?: number;
}

/** @throws RangeError without samples. */
export function medianInterval(
  samples: readonly number[],
  { resamples = 2000, level = 0.95, seed = 1 }: BootstrapOptions = {},
): Interval {
  if (samples.length === 0) throw new RangeError('expected at least one sample, got none');
  const rng = new Rng(seed);
  const medians = Array.from({ length: resamples }, () =>
    median(samples.map(() => samples[rng.below(samples.length)])),
  );
  const tail = (1 - level) / 2;
  return { low: quantile(medians, tail), high: quantile(medians, 1 - tail) };
}
