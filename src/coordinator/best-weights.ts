/**
 * Early stopping by Goodfellow, Bengio & Courville (2016, algorithm 7.1): a run that continued past its best evaluation
 * ends with the weights of that evaluation.
 */
import { isBetter, type Metric, standardError } from '../metrics/metric.js';
import { type Evaluation, measured } from './work.js';

export interface BestSoFar {
  readonly step: number;
  readonly evaluation: Evaluation;
  /** As long as the parameters; overwritten by a better evaluation. */
  readonly weights: Float32Array;
}

/** After an evaluation of `weights`, the present ones; of two equally good, the first is kept. */
export function betterOf(
  best: BestSoFar | null,
  step: number,
  evaluation: Evaluation,
  weights: Float32Array,
  metric: Metric,
): BestSoFar {
  const [now, before] = [measured(evaluation, metric.name), best && measured(best.evaluation, metric.name)];
  if (best !== null && before !== null && !(now !== null && isBetter(metric, now, before))) return best;
  const copy = best?.weights ?? new Float32Array(weights.length);
  copy.set(weights);
  return { step, evaluation, weights: copy };
}

/**
 * Whether an evaluation is better than the last one by more than `margin` standard errors of the metric on `samples`. The epoch that
 * was chosen from many as the best is also the luckiest of them.
 */
export function isClearlyBest(
  best: Evaluation,
  last: Evaluation,
  metric: Metric,
  margin: number,
  samples: number,
): boolean {
  const [value, other] = [measured(best, metric.name), measured(last, metric.name)];
  if (margin === 0 || value === null || other === null) return true;
  return Math.abs(value - other) > margin * standardError(metric.name, value, samples);
}
