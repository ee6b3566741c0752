/**
 * The metrics of each task. All are computed in float64 from the outputs of an evaluation, in the order of the samples: their
 * bits do not depend on the number of threads. Null: not defined on these samples, such as the AUC of one class.
 */
import type { MetricName } from '../config/choices.js';
import { isError, type Task } from '../config/target-rules.js';
import type { TargetFacts } from '../data/target.js';
import type { Loss } from '../loss/loss.js';
import { mean } from '../numbers/statistics.js';
import { classJudged, classScores } from './classes.js';
import type { Judged } from './judged.js';
import { labelScores } from './labels.js';
import { valueScores } from './values.js';

export interface Metric {
  readonly name: MetricName;
  readonly better: 'higher' | 'lower';
  /** sums: of hits and losses; scores: the outputs of each sample. */
  readonly needs: 'sums' | 'scores';
  of(judged: Judged): number | null;
}

export function metricOf(name: MetricName): Metric {
  return {
    name,
    better: isError(name) ? 'lower' : 'higher',
    needs: name === 'accuracy' ? 'sums' : 'scores',
    of: (judged) => scoresOf(judged)[name]?.() ?? null,
  };
}

/** By name. */
export type Metrics = Readonly<Partial<Record<MetricName, number | null>>>;

type Scores = Readonly<Partial<Record<MetricName, () => number | null>>>;

function scoresOf(judged: Judged): Scores {
  switch (judged.kind) {
    case 'class':
      return classScores(judged);
    case 'labels':
      return labelScores(judged);
    default:
      return valueScores(judged);
  }
}

/** Every metric of the task. */
export function allMetrics(judged: Judged): Metrics {
  return Object.fromEntries(Object.entries(scoresOf(judged)).map(([name, of]) => [name, of()]));
}

/** None if there are no outputs to compute them from. */
export const metricsOf = (judged: Judged | null): Metrics => (judged === null ? {} : allMetrics(judged));

export const isBetter = ({ better }: Pick<Metric, 'better'>, one: number, other: number): boolean =>
  better === 'higher' ? one > other : one < other;

/**
 * About that of a metric measured on `samples`: of a share that of a binomial, of an error that of normally distributed ones. It
 * needs no outputs.
 */
export function standardError(name: MetricName, value: number, samples: number): number {
  if (isError(name)) return Math.abs(value) / Math.sqrt(2 * samples);
  if (name === 'r2') return Math.abs(1 - value) * Math.sqrt(2 / samples);
  const share = Math.min(1, Math.max(0, value));
  return Math.sqrt((share * (1 - share)) / samples);
}

export const isReached = ({ better }: Pick<Metric, 'better'>, value: number, target: number): boolean =>
  better === 'higher' ? value >= target : value <= target;

/** Of a run: values are labels for the loss of labels. */
export function taskOf(target: TargetFacts, { name }: Pick<Loss, 'name'>): Task {
  if (target.kind === 'class') return 'classification';
  return name === 'binary-cross-entropy' ? 'labels' : 'regression';
}

/**
 * `outputs`: of the network, f32 [count][outputs]. `own`: the targets in their own units, and how outputs become such values.
 */
export function judgedBy(
  outputs: Float32Array,
  own: {
    readonly targets: Uint32Array | Float32Array;
    readonly inUnits: (outputs: Float32Array) => Float64Array;
  },
  target: TargetFacts,
  loss: Loss,
): Judged {
  const { targets } = own;
  if (target.kind === 'class') {
    if (!(targets instanceof Uint32Array)) throw new Error('values as targets of classes');
    return classJudged(outputs, targets, target.classes, loss);
  }
  if (!(targets instanceof Float32Array)) throw new Error('classes as targets of values');
  const { width } = target;
  return taskOf(target, loss) === 'labels'
    ? { kind: 'labels', width, outputs, targets }
    : { kind: 'value', width, predicted: own.inUnits(outputs), targets };
}

/** By name over the runs; null if it is defined in none. */
export function meanMetrics(all: readonly Metrics[]): Metrics {
  const names = [...new Set(all.flatMap((one) => Object.keys(one)))] as MetricName[];
  return Object.fromEntries(
    names.map((name) => {
      const values = all.flatMap((one) => one[name] ?? []);
      return [name, values.length === 0 ? null : mean(values)];
    }),
  );
}
