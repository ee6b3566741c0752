/** The place of an evaluation's outputs, which metrics other than accuracy and loss are computed from. */
import type { MetricName } from '../config/choices.js';
import type { Region, Take } from '../memory/arena.js';
import { metricOf } from '../metrics/metric.js';
import type { DataFacts } from './plan.js';

/** Of more classes, outputs are kept only if the run asks for a metric of them. */
const fewClasses = 64;

/** f32 [samples][outputs], for the larger of the parts that are evaluated; null: only sums are kept. */
export function planScores(
  take: Take,
  { outputs, target, parts }: DataFacts,
  metric: MetricName,
  members: number,
): Region | null {
  // Outputs of several networks are averaged.
  const isNeeded = target.kind === 'value' || metricOf(metric).needs === 'scores' || members > 1;
  if (!isNeeded && outputs > fewClasses) return null;
  return take(Math.max(parts.validation.count, parts.test.count) * outputs * 4);
}
