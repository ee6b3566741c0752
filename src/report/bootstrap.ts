/** Bootstrap intervals (Efron 1979), percentile method, from a fixed seed: the same data give the same report. */
import { Rng } from '../data/rng.js';
import { quantile } from './statistics.js';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Covered by every interval of the reports. */
export const coverage = 0.95;
const defaultResamples = 1000;
const reportSeed = 2007;

/** As many samples as were given, drawn with replacement. */
export function resample(samples: readonly number[], rng: Rng): number[] {
  return samples.map(() => samples[rng.below(samples.length)]);
}

/** The middle `coverage` of finite and infinite values alike. Throws RangeError for an empty list. */
export function middle(values: readonly number[]): Interval {
  const tail = (1 - coverage) / 2;
  return { low: quantile(values, tail), high: quantile(values, 1 - tail) };
}

/** `statistic` of many resamples of every group, each drawn within itself. A statistic that is null is left out. */
export function bootstrap<T>(
  groups: readonly (readonly number[])[],
  statistic: (groups: number[][]) => T | null,
  resamples = defaultResamples,
): T[] {
  const rng = new Rng(reportSeed);
  const values: T[] = [];
  for (let i = 0; i < resamples; i++) {
    const value = statistic(groups.map((group) => resample(group, rng)));
    if (value !== null) values.push(value);
  }
  return values;
}
