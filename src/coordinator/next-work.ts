/** What a run does next: the course that it follows, and the command that takes it on from where it is. */
import type { PartName } from '../data/dataset.js';
import type { NoiseSizes } from '../optim/noise-scale.js';
import { nextInTail, type Tail } from '../optim/tail-average.js';
import type { runLength } from '../plan/run-length.js';
import type { EpochOrder } from './epoch-order.js';
import type { TrainingState } from './state.js';
import type { Evaluation, Work } from './work.js';

/** `Reason`: why it may end before its last step. */
export interface Course<Reason extends string> {
  readonly length: ReturnType<typeof runLength>;
  readonly batch: number;
  /** The learning rate of a step, from 0. */
  rate(step: number): number;
  /** The order of the images, as it is after so many epochs were begun; draws that of each further one. */
  order(begun: number): EpochOrder;
  /** Steps of one command at most. */
  readonly atOnce: number;
  /** A command ends after every so many steps, and with the epoch. */
  readonly every: 'epoch' | number;
  /** What is evaluated there and at the end; null: nothing. */
  readonly evaluates: PartName | null;
  /** Direction features: the first command makes them. */
  readonly makesFeatures: boolean;
  readonly tail: Tail | null;
  readonly keepsBest: boolean;
  /** Null if no noise scale is measured. */
  readonly noise: NoiseSizes | null;
  /** After each command, whose evaluation is null if it had none: the state with what the rule keeps, and why the run ends. */
  judge(state: TrainingState, evaluation: Evaluation | null): Judgement<Reason>;
}

export interface Judgement<Reason extends string> {
  readonly state: TrainingState;
  readonly reason: Reason | null;
}

/** As many steps as lead up to the end of the epoch, an evaluation or a step of the tail. */
export function nextWork(state: TrainingState, course: Course<string>): Work {
  const { step, epoch } = state;
  const { every, tail, batch, atOnce, evaluates } = course;
  const { images, stepsPerEpoch, totalSteps } = course.length;
  const epochEnd = Math.min(epoch * stepsPerEpoch, totalSteps);
  const evaluateAt = every === 'epoch' ? epochEnd : nextMultiple(step, every);
  const averageAt = tail === null ? epochEnd : nextInTail(tail, step);
  const end = Math.min(epochEnd, evaluateAt, averageAt, step + atOnce);
  // An average is evaluated once it is made.
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
