/** Differences and ratios of paired samples (the same seed on both sides) with intervals. */
import { Rng } from '../numbers/rng.js';
import { mean, median, quantile, standardDeviation } from '../numbers/statistics.js';

export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** A study makes dozens of comparisons: at 95 % one in twenty would find a difference by chance. */
export const confidence = 0.99;

/** 0.995 quantile of the normal distribution, for a two-sided interval of 99 %. */
const normalQuantile = 2.5758293035489004;

/**
 * Mean of a − b with its 99 % interval by Student's t.
 * @throws RangeError for fewer than five pairs or lists of different lengths.
 */
export function pairedDifference(a: readonly number[], b: readonly number[]): Interval {
  const differences = paired(a, b).map(([left, right]) => left - right);
  const estimate = mean(differences);
  const error = (standardDeviation(differences) ?? 0) / Math.sqrt(differences.length);
  const half = studentQuantile(differences.length - 1) * error;
  return { estimate, low: estimate - half, high: estimate + half };
}

/**
 * Median of a / b with its 99 % interval, by percentiles of resampled pairs (Efron 1979), because times have outliers.
 * The same samples give the same interval. @throws RangeError like pairedDifference.
 */
export function pairedRatio(a: readonly number[], b: readonly number[]): Interval {
  const ratios = paired(a, b).map(([left, right]) => left / right);
  const rng = new Rng(1);
  const medians = Array.from({ length: 2000 }, () =>
    median(Array.from({ length: ratios.length }, () => ratios[rng.below(ratios.length)])),
  );
  const tail = (1 - confidence) / 2;
  return { estimate: median(ratios), low: quantile(medians, tail), high: quantile(medians, 1 - tail) };
}

const fewestPairs = 5;

function paired(a: readonly number[], b: readonly number[]): [number, number][] {
  if (a.length !== b.length) throw new RangeError(`expected pairs, got ${a.length} and ${b.length} samples`);
  if (a.length < fewestPairs) throw new RangeError(`expected at least ${fewestPairs} pairs, got ${a.length}`);
  return a.map((value, i) => [value, b[i]]);
}

/**
 * 0.995 quantile of Student's t: the expansion about the normal quantile (Abramowitz & Stegun 1964, 26.7.5), within
 * 0.2 % from 9 degrees of freedom up.
 */
export function studentQuantile(degrees: number): number {
  const z = normalQuantile;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, i) => sum + term / degrees ** (i + 1), z);
}
