/** The commands of a session and its answers. */
import type { MetricName } from '../config/choices.js';
import type { PartName } from '../data/dataset.js';
import type { Metrics } from '../metrics/metric.js';

export interface StepMetrics {
  /**
   * Mean loss of the batch before the step, rounded to float32; the share of its images already classified correctly.
   */
  readonly loss: number;
  readonly batchAccuracy: number;
  /** Number of images of the batch. */
  readonly images: number;
  /** Number of images that the step trained on: the whole batch, unless train.selective selects among them. */
  readonly trainedImages: number;
  /** If the gradient noise scale is measured, for full batches: squared norms of the gradients of shards and batch. */
  readonly squares: GradientSquares | null;
  /** Milliseconds since the Unix epoch. */
  readonly finishedAt: number;
}

export interface GradientSquares {
  /**
   * Mean over the shards of the squared norm of the shard's mean gradient; squared norm of the batch's mean gradient.
   */
  readonly small: number;
  readonly big: number;
}

export interface Evaluation {
  /** Null if the targets are values. */
  readonly accuracy: number | null;
  readonly loss: number;
  /** Those besides the accuracy that the run needs, and all of a regression. */
  readonly metrics?: Metrics;
}

/** Null if it is not defined on the samples, or was not computed. */
export const measured = ({ accuracy, metrics }: Evaluation, name: MetricName): number | null =>
  name === 'accuracy' ? accuracy : (metrics?.[name] ?? null);

/** The contents of one command; see RunCommand. One step for each learning rate, at most plan.ringSteps of them. */
export interface Work {
  readonly first: number;
  readonly rates: readonly number[];
  readonly firstSample: number;
  readonly epochSamples: number;
  readonly extract: boolean;
  readonly evaluate: PartName | null;
}

export interface Done {
  readonly metrics: StepMetrics[];
  readonly evaluation: Evaluation | null;
}

/** Milliseconds, summed: mean over the workers for compute and wait; update is the coordinator's in `average`. */
export interface PhaseTimes {
  readonly compute: number;
  readonly wait: number;
  readonly update: number;
}
