/** Bootstrap intervals (Efron 1979), percentile method, from a fixed seed: the same data give the same report. */
import { Rng } from './rng.js';
import { median, quantile } from './statistics.js';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The confidence level of every interval in the reports. */
export const coverage = 0.95;
const defaultResamples = 1000;
const reportSeed = 2007;

/** As many samples as given, drawn with replacement. */
export function resample(samples: readonly number[], rng: Rng): number[] {
  return samples.map(() => samples[rng.below(samples.length)]);
}

/** The central `level` of finite and infinite values alike. Throws RangeError for an empty list. */
export function middle(values: readonly number[], level = coverage): Interval {
  const tail = (1 - level) / 2;
  return { low: quantile(values, tail), high: quantile(values, 1 - tail) };
}

/** `statistic` of many resamples of every group, each drawn within the group. A null statistic is left out. */
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

/** The uncertainty of a median of few samples. Throws RangeError without samples. */
export function medianInterval(
  samples: readonly number[],
  { resamples = 2000, level = coverage }: { readonly resamples?: number; readonly level?: number } = {},
): Interval {
  if (samples.length === 0) throw new RangeError('expected at least one sample, got none');
  return middle(
    bootstrap([samples], ([drawn]) => median(drawn), resamples),
    level,
  );
}
