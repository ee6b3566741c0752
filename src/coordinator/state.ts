/**
 * The state of a training run as plain data: numbers, typed arrays and records of them. With the session's tensors it
 * is all that the rest of the run depends on. So its `structuredClone` is the part of a checkpoint that is not tensors.
 * Images seen and the order of the present epoch follow from `step`, `epoch` and `seed`.
 */
import { addSquares, emptyNoise, type NoiseAverages, type NoiseSizes } from '../optim/noise-scale.js';
import type { TailSums } from '../optim/tail-average.js';
import { emptyStop, type StopState } from '../plan/stopping.js';
import type { BestSoFar } from './best-weights.js';
import type { Evaluation, StepMetrics } from './work.js';

export interface FinalWeights {
  readonly of: 'last step' | 'tail average' | 'best evaluation';
  readonly step: number;
}

/** A step as it is reported. */
export interface LastStep {
  readonly elapsedMs: number;
  readonly metrics: StepMetrics;
  readonly learningRate: number;
}

export interface TrainingState {
  readonly seed: number;
  /** Steps done, and epochs begun. */
  readonly step: number;
  readonly epoch: number;
  /**
   * The last step, if the run was interrupted before that which follows from it: average, evaluation, judgement, reports.
   * Null otherwise.
   */
  readonly pending: LastStep | null;
  /** On the resident clock, after the last command. */
  readonly elapsedMs: number;
  /** Within elapsedMs: evaluations; making direction features. */
  readonly evaluateMs: number;
  readonly featuresMs: number;
  /** Number of images trained on: all that were seen, unless train.selective selects among them. */
  readonly trained: number;
  /** Loss of the first step; null before it. */
  readonly firstLoss: number | null;
  /** Sums over the present epoch's steps: losses, images, and images classified correctly before their step. */
  readonly lossSum: number;
  readonly seen: number;
  readonly correct: number;
  /** The last evaluation, and its step. */
  readonly evaluation: Evaluation | null;
  readonly evaluatedAt: number;
  /** Null: the weights of the last step. */
  readonly weights: FinalWeights | null;
  readonly stop: StopState;
  /** Null before the tail; the last step whose weights are in it. */
  readonly tail: TailSums | null;
  readonly tailStep: number;
  /** Null before the first evaluation, and if the best weights are not kept. */
  readonly best: BestSoFar | null;
  readonly noise: NoiseAverages;
}

export const initialState = (seed: number): TrainingState => ({
  seed,
  step: 0,
  epoch: 0,
  pending: null,
  elapsedMs: 0,
  evaluateMs: 0,
  featuresMs: 0,
  trained: 0,
  firstLoss: null,
  lossSum: 0,
  seen: 0,
  correct: 0,
  evaluation: null,
  evaluatedAt: -1,
  weights: null,
  stop: emptyStop,
  tail: null,
  tailStep: 0,
  best: null,
  noise: emptyNoise,
});

export const epochBegun = (state: TrainingState): TrainingState => ({
  ...state,
  epoch: state.epoch + 1,
  lossSum: 0,
  seen: 0,
  correct: 0,
});

/** The state after further steps; `sizes`: null if no noise scale is measured. */
export function stepsDone(
  state: TrainingState,
  metrics: readonly StepMetrics[],
  sizes: NoiseSizes | null,
): TrainingState {
  let { lossSum, seen, correct, trained, noise } = state;
  for (const { loss, batchAccuracy, images, trainedImages, squares } of metrics) {
    lossSum += loss;
    seen += images;
    correct += Math.round(batchAccuracy * images);
    trained += trainedImages;
    if (sizes !== null && squares !== null) noise = addSquares(noise, sizes, squares.small, squares.big);
  }
  const firstLoss = state.firstLoss ?? metrics.at(0)?.loss ?? null;
  return { ...state, step: state.step + metrics.length, firstLoss, lossSum, seen, correct, trained, noise };
}

/** The state after an evaluation of the present weights. */
export const evaluationDone = (
  state: TrainingState,
  evaluation: Evaluation,
  evaluateMs: number,
): TrainingState => ({
  ...state,
  evaluation,
  evaluatedAt: state.step,
  evaluateMs: state.evaluateMs + evaluateMs,
});
