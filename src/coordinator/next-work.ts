/** What a run does next: its course, and the command that continues it from a state. */
import type { PartName } from '../data/dataset.js';
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
  /** Direction features: the first command makes them. */
  readonly makesFeatures: boolean;
  readonly tail: Tail | null;
  readonly keepsBest: boolean;
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

/** The number of steps up to the end of the epoch, an evaluation or a step of the tail. */
export function nextWork(state: TrainingState, course: Course<string>): Work {
  const { step, epoch } = state;
  const { every, tail, batch, atOnce, evaluates } = course;
  const { images, stepsPerEpoch, totalSteps } = course.length;
  const epochEnd = Math.min(epoch * stepsPerEpoch, totalSteps);
  const evaluateAt = every === 'epoch' ? epochEnd : nextMultiple(step, every);
  const averageAt = tail === null ? epochEnd : nextInTail(tail, step);
  const end = Math.min(epochEnd, evaluateAt, averageAt, step + atOnce);
  // An average is evaluated after it is made.
  const evaluatesNow = end === totalSteps ? tail === null : end === evaluateAt;
  return {
    first: step,
    rates: Array.from({ length: end - step }, (_, i) => course.rate(step + i)),
    firstSample: (step - (epoch - 1) * stepsPerEpoch) * batch,
    epochSamples: images,
    extract: course.makesFeatures && step === 0,
    evaluate: evaluatesNow ? evaluates : null,
  };
}

const nextMultiple = (step: number, every: number) => (Math.floor(step / every) + 1) * every;
