/** What a run does next: its course, and the command that continues it from a state. */
import type { PartName } from '../data/dataset.js';
import type { Metric } from '../metrics/metric.js';
import type { NoiseSizes } from '../optim/noise-scale.js';
import { nextInTail, type Tail } from '../optim/tail-average.js';
import type { runLength } from '../plan/run-length.js';
import type { EpochOrder } from './epoch-order.js';
import type { TrainingState } from './state.js';
import type { Evaluation, Work } from './work.js';

/** `Reason`: why the run may end before its last step. */
export interface Course<Reason extends string> {
  readonly length: ReturnType<typeof runLength>;
  readonly batch: number;
  /** The learning rate of a step, from 0. */
  rate(step: number): number;
  /** The order of the images after a number of begun epochs; draws that of each further epoch. */
  order(begun: number): EpochOrder;
  /** Steps of one command at most. */
  readonly atOnce: number;
  /** A command ends at each multiple of this many steps, and at the end of an epoch. */
  readonly every: 'epoch' | number;
  /** The part that is evaluated there and at the end; null: nothing. */
  readonly evaluates: PartName | null;
  /** stop.on=train: the running accuracy of each epoch stands for its evaluation. */
  readonly reportsTraining: boolean;
  /** Direction features: the first command makes them, also that of a run that resumes. */
  readonly makesFeatures: boolean;
  readonly tail: Tail | null;
  readonly keepsBest: boolean;
  /** Whether the weights of the best evaluation take the place of the last ones, which were evaluated. */
  isClearlyBest(best: Evaluation, last: Evaluation): boolean;
  /** Of which the best is kept. */
  readonly metric: Metric;
  /** Null if the noise scale is not measured. */
  readonly noise: NoiseSizes | null;
  /**
   * Called after each command; the evaluation is null if there was none. Returns the state kept by the rule, and why
   * the run ends.
   */
  judge(state: TrainingState, evaluation: Evaluation | null): Judgement<Reason>;
}

export interface Judgement<Reason extends string> {
  readonly state: TrainingState;
  readonly reason: Reason | null;
}

/**
 * The next command: the steps up to the next place where something follows from the weights. `isFirst`: of this session in
 * this run. `atMost`: fewer steps than that change no bit. If the last step's consequences are pending, there are no steps.
 */
export function nextWork(
  state: TrainingState,
  course: Course<string>,
  isFirst: boolean,
  atMost = Number.POSITIVE_INFINITY,
): Work {
  const { step, epoch, pending } = state;
  const { every, tail, batch, evaluates } = course;
  const { images, stepsPerEpoch, totalSteps } = course.length;
  const place = placeAfter(pending === null ? step : step - 1, epoch, course);
  const end = pending === null ? Math.min(place, step + atMost) : step;
  const epochEnd = Math.min(epoch * stepsPerEpoch, totalSteps);
  // An average is evaluated after it is made.
  const isEvaluated =
    end === totalSteps ? tail === null : end === (every === 'epoch' ? epochEnd : end - (end % every));
  return {
    first: step,
    rates: Array.from({ length: end - step }, (_, i) => course.rate(step + i)),
    firstSample: (step - (epoch - 1) * stepsPerEpoch) * batch,
    epochSamples: images,
    extract: course.makesFeatures && isFirst,
    evaluate: isEvaluated ? evaluates : null,
  };
}

/**
 * The first step after `step`, in the same epoch, after which something is reported or done with the weights: the end of the
 * epoch, an evaluation, a step of the tail, or the end of the longest command. It depends on nothing that happened before.
 */
export function placeAfter(
  step: number,
  epoch: number,
  { every, tail, atOnce, length }: Course<string>,
): number {
  const { stepsPerEpoch, totalSteps } = length;
  const begun = (epoch - 1) * stepsPerEpoch;
  return Math.min(
    epoch * stepsPerEpoch,
    totalSteps,
    every === 'epoch' ? Number.POSITIVE_INFINITY : nextMultiple(step, every),
    tail === null ? Number.POSITIVE_INFINITY : nextInTail(tail, step),
    begun + nextMultiple(step - begun, atOnce),
  );
}

const nextMultiple = (step: number, every: number) => (Math.floor(step / every) + 1) * every;
