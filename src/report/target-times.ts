/** Time to accuracy: when each seed first reached the target, and how many did. */

import type { MetricName } from '../config/choices.js';
import { isReached, metricOf } from '../metrics/metric.js';
import { maximum, mean, median, minimum, standardDeviation } from '../numbers/statistics.js';
import type { EvaluationPoint, Track } from './run.js';

export interface Reached {
  /** Resident: from the images in memory, evaluations included. */
  readonly elapsedMs: number;
  readonly images: number | null;
}

/** The first evaluation that is as good as the target; null if there was none, or the run had no target. */
export function firstReached({ run, evaluations }: Track): Reached | null {
  const { target } = run.facts.stop;
  if (target === null) return null;
  const reaches = (point: EvaluationPoint) => {
    const { name, value } = decidingMetric({ run }, point);
    return value !== null && isReached(metricOf(name), value, target);
  };
  return evaluations.find(reaches) ?? null;
}

/** By the configuration, or by what a run without one has. */
export function decidingMetric(
  { run }: Pick<Track, 'run'>,
  { accuracy, metrics }: EvaluationPoint,
): { readonly name: MetricName; readonly value: number | null } {
  const name = run.facts.stop.metric ?? (accuracy === null ? 'rmse' : 'accuracy');
  return { name, value: name === 'accuracy' ? accuracy : (metrics?.[name] ?? null) };
}

export interface TargetTimes {
  /** Seeds that reached the target or ran to their end; interrupted seeds are excluded. */
  readonly n: number;
  /** Milliseconds, of the seeds that reached it, ascending. */
  readonly timesMs: readonly number[];
  readonly images: readonly number[];
}

export function targetTimes(tracks: readonly Track[]): TargetTimes {
  const outcomes = tracks.map((track) => ({ track, reached: firstReached(track) }));
  const reached = outcomes.flatMap((outcome) => (outcome.reached === null ? [] : [outcome.reached]));
  return {
    n: outcomes.filter((outcome) => outcome.track.finished || outcome.reached !== null).length,
    timesMs: reached.map(({ elapsedMs }) => elapsedMs).sort((a, b) => a - b),
    images: reached.flatMap(({ images }) => images ?? []),
  };
}

export interface Spread {
  readonly n: number;
  readonly mean: number;
  /** Null for one sample. */
  readonly sd: number | null;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Null without samples. */
export function spreadOf(samples: readonly number[]): Spread | null {
  if (samples.length === 0) return null;
  return {
    n: samples.length,
    mean: mean(samples),
    sd: standardDeviation(samples),
    median: median(samples),
    min: minimum(samples),
    max: maximum(samples),
  };
}

/** Of the last evaluation. */
export const lastAccuracy = ({ evaluations }: Track): number | null => evaluations.at(-1)?.accuracy ?? null;

/** Milliseconds to the end of a finished curve, evaluations included. */
export function residentMs({ finished, epochs, evaluations, steps }: Track): number | null {
  const last = epochs.at(-1) ?? evaluations.at(-1) ?? steps.at(-1);
  return finished && last !== undefined ? last.elapsedMs : null;
}

/** To the end of a finished curve. */
export const throughput = ({ finished, epochs }: Track): number | null =>
  finished ? (epochs.at(-1)?.imagesPerSecond ?? null) : null;
