/** What a prediction reaches that knows no input: the most frequent class, or the mean, of the training samples. */
import type { MetricName } from '../config/choices.js';
import type { TargetValues } from '../data/target.js';
import { valueScores } from './values.js';

export interface Baseline {
  readonly metric: MetricName;
  readonly value: number;
  /** The class that is always predicted; null: the means. */
  readonly class: number | null;
}

/** On `judged`, in the units of the targets; null without samples. `width`: values of a sample. */
export function baselineOf(trained: TargetValues, judged: TargetValues, width: number): Baseline | null {
  if (trained.length === 0 || judged.length === 0) return null;
  if (trained instanceof Uint32Array && judged instanceof Uint32Array) {
    const index = mostFrequent(trained);
    const right = judged.reduce((sum, target) => sum + Number(target === index), 0);
    return { metric: 'accuracy', value: right / judged.length, class: index };
  }
  const targets = Float32Array.from(judged);
  const means = Array.from({ length: width }, (_, column) => meanOf(trained, column, width));
  const predicted = Float64Array.from(targets, (_, at) => means[at % width]);
  return {
    metric: 'rmse',
    value: valueScores({ kind: 'value', width, predicted, targets }).rmse() ?? Number.NaN,
    class: null,
  };
}

function mostFrequent(classes: Uint32Array): number {
  const counts: number[] = [];
  for (const index of classes) counts[index] = (counts[index] ?? 0) + 1;
  let most = 0;
  // Holes of classes without samples are skipped.
  counts.forEach((count, index) => {
    if (count > (counts[most] ?? 0)) most = index;
  });
  return most;
}

function meanOf(values: TargetValues, column: number, width: number): number {
  let sum = 0;
  for (let at = column; at < values.length; at += width) sum += values[at];
  return (sum * width) / values.length;
}
