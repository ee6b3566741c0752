/** What a prediction reaches that knows no input: the most frequent class, or the mean, of the training samples. */
import type { MetricName } from '../config/choices.js';
import type { TargetValues } from '../data/target.js';
import { valueScores } from './values.js';

export interface Baseline {
  readonly metric: MetricName;
  readonly value: number;
  /** The class that is always predicted, or the labels, such as `0,1,0`; null: the means. */
  readonly class: number | string | null;
}

/**
 * On `judged`, in the units of the targets; null without samples. `width`: values of a sample. `areLabels`: each of them is 0 or 1, and a
 * sample is right if all are.
 */
export function baselineOf(
  trained: TargetValues,
  judged: TargetValues,
  width: number,
  areLabels = false,
): Baseline | null {
  if (trained.length === 0 || judged.length === 0) return null;
  if (areLabels) {
    const [before, after] = [trained, judged].map((targets) => setsOf(targets, width));
    const [[most]] = [...counted(before)].sort(([, a], [, b]) => b - a);
    const right = after.filter((one) => one === most).length;
    return { metric: 'accuracy', value: right / after.length, class: most };
  }
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

/** The labels of each sample. */
const setsOf = (targets: TargetValues, width: number): string[] =>
  Array.from({ length: targets.length / width }, (_, i) =>
    Array.from(targets.subarray(i * width, (i + 1) * width)).join(),
  );

function counted(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
