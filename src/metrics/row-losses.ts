/** How wrong the prediction of each sample is. */
import { sigmoid } from '../loss/probabilities.js';
import { standardDeviation } from '../numbers/statistics.js';
import { surprise } from './binary.js';
import type { Judged } from './judged.js';

/**
 * f64 [count]. Classes: −log of the probability of the true one. Labels: the mean of that over the labels. Values: the distance from
 * the target; of several, the mean of the distances in standard deviations of each target.
 */
export function rowLosses(judged: Judged): Float64Array {
  if (judged.kind === 'class') {
    const { classes, probabilities, targets } = judged;
    return Float64Array.from(targets, (target, i) => surprise(probabilities[i * classes + target]));
  }
  const { width, targets } = judged;
  const mean = (of: (at: number, k: number) => number) =>
    Float64Array.from({ length: targets.length / width }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += of(i * width + k, k);
      return sum / width;
    });
  if (judged.kind === 'labels')
    return mean((at) => surprise(sigmoid(targets[at] > 0.5 ? judged.outputs[at] : -judged.outputs[at])));
  const units = Array.from({ length: width }, (_, k) =>
    width === 1 ? 1 : standardDeviation(Array.from(targets.filter((_, at) => at % width === k))) || 1,
  );
  return mean((at, k) => Math.abs(judged.predicted[at] - targets[at]) / units[k]);
}

/** Places of the largest losses, the largest first; of equal ones the first. A NaN is worse than any number. */
export function worstOf(losses: Float64Array, most: number): number[] {
  const size = (i: number) => (Number.isNaN(losses[i]) ? Number.POSITIVE_INFINITY : losses[i]);
  return Array.from(losses, (_, i) => i)
    .sort((a, b) => size(b) - size(a) || a - b)
    .slice(0, most);
}
