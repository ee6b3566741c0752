/** What a session is asked to do, and what it tells. */
import type { PartName } from '../data/dataset.js';

export interface StepMetrics {
  /** Mean loss of the batch before the step, rounded to float32; the share of its images already right. */
  readonly loss: number;
  readonly batchAccuracy: number;
  /** Images of the batch that the step trained on: all but where it selects. */
  readonly trainedImages: number;
  /** Where the gradient noise scale is measured, of full batches: squares of the gradients of shards and batch. */
  readonly squares: GradientSquares | null;
  /** Milliseconds since the Unix epoch. */
  readonly finishedAt: number;
}

export interface GradientSquares {
  /** Mean over the shards of the square of the shard's mean gradient; square of the batch's mean gradient. */
  readonly small: number;
  readonly big: number;
}

export interface Evaluation {
  readonly accuracy: number;
  readonly loss: number;
}

/** What one command asks for; see RunCommand. One step for each learning rate, at most plan.ringSteps of them. */
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
