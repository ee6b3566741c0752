/** Summaries of samples. Order does not matter; an empty list is a bug of the caller and throws RangeError. */
import { square } from './elementary.js';

export function mean(samples: readonly number[]): number {
  return atLeastOne(samples).reduce((sum, sample) => sum + sample, 0) / samples.length;
}

/** Standard deviation of the sample (divisor n − 1); null for one sample, which has no spread. */
export function standardDeviation(samples: readonly number[]): number | null {
  const centre = mean(samples);
  if (samples.length < 2) return null;
  // Two passes: the one-pass formula loses all digits if the spread is small beside the mean.
  return Math.sqrt(samples.reduce((sum, sample) => sum + square(sample - centre), 0) / (samples.length - 1));
}

/** A loop instead of `Math.min(...samples)`, which overflows the stack at about 100,000 samples. */
export function minimum(samples: readonly number[]): number {
  return atLeastOne(samples).reduce((least, sample) => Math.min(least, sample), Number.POSITIVE_INFINITY);
}

export function maximum(samples: readonly number[]): number {
  return atLeastOne(samples).reduce((most, sample) => Math.max(most, sample), Number.NEGATIVE_INFINITY);
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Linear between the neighbours of rank q·(n − 1) (type 7 of Hyndman & Fan 1996, NumPy's default); q in 0–1. */
export function quantile(samples: readonly number[], q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`expected q from 0 to 1, got ${q}`);
  const sorted = Float64Array.from(atLeastOne(samples)).sort();
  const rank = q * (sorted.length - 1);
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  const weight = rank - Math.floor(rank);
  return weight === 0 ? below : below + (above - below) * weight;
}

function atLeastOne(samples: readonly number[]): readonly number[] {
  if (samples.length === 0) throw new RangeError('expected at least one sample, got none');
  return samples;
}
