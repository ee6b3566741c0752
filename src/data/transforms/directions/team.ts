/**
 * Which workers train on direction features. Either every worker trains on a shard of each batch, or one worker trains
 * alone while the others already make the direction features of the images to be evaluated. Under `owner` both compute
 * the same bits.
 */
import type { Config } from '../../../config/schema.js';
import type { DirectionShape } from '../../../kernels/directions/spec.js';
import { pow } from '../../../numbers/elementary.js';

export interface Team {
  readonly trainers: 'one' | 'all';
  /** The reason in words, for the plan and the log. */
  readonly reason: string;
}

/** Rough costs of one core; only their ratios matter. */
const flopPerMicrosecond = 60_000;

/** Cost of a barrier with its imbalance, in microseconds: far more if a thread has to be scheduled on a core first. */
const barrier = { spinning: 7, parked: 100 };

/** Sharding keeps every core training: it is given up only for a clear gain. */
const clearGain = 0.8;

/** Multiply-adds for the components of an image. */
const projection = ({ features, components }: DirectionShape) => features * components;

/** Microseconds of one step on one core: ten logits forward and backward. */
export const stepMicroseconds = (batch: number, shape: DirectionShape): number =>
  (batch * (40 * shape.inputs + 2 * projection(shape))) / flopPerMicrosecond;

/** Microseconds to make the direction features of one image on one core. */
export const extractionMicroseconds = ({ grid, allRows, sobel, pool }: DirectionShape): number =>
  (0.3 + 0.03 * Number(allRows) + 0.02 * Number(sobel) + 0.02 * (pool - 4)) * pow(grid / 12, 1.6);

/** Microseconds to classify one image on one core. */
export const evaluationMicroseconds = (shape: DirectionShape): number =>
  (20 * shape.inputs + 2 * projection(shape)) / flopPerMicrosecond;

export interface TeamWork {
  readonly optimizer: Config['optimizer'];
  readonly shape: DirectionShape;
  readonly hasLayers: boolean;
  readonly batch: number;
  /** In the whole run. */
  readonly steps: number;
  /** Number of images whose direction features are made for evaluations. */
  readonly evaluated: number;
  readonly threads: number;
  readonly oversubscribed: boolean;
}

/** By the estimated time from the first step to the last direction feature. */
export function chooseTeam(work: TeamWork): Team {
  const { optimizer, shape, batch, steps, evaluated, threads, oversubscribed } = work;
  if (work.hasLayers) return { trainers: 'all', reason: 'hidden layers are sharded over the workers' };
  if (optimizer.name !== 'sgd')
    return { trainers: 'all', reason: `a step of ${optimizer.name} is not fused` };
  if (optimizer.clip !== null) return { trainers: 'all', reason: 'a clipped step is not fused' };
  const step = stepMicroseconds(batch, shape);
  const features = evaluated * extractionMicroseconds(shape);
  const training = steps * step;
  const alone = Math.max(training, (training + features) / threads);
  const waits = 2 * (oversubscribed ? barrier.parked : barrier.spinning);
  const sharded = (training + features) / threads + steps * waits;
  if (threads === 1) return { trainers: 'one', reason: 'there is one worker' };
  const words = `a batch of ${batch} is ${step.toFixed(1)} µs of work for one core`;
  return alone < clearGain * sharded
    ? { trainers: 'one', reason: `${words}: one worker trains while the others make direction features` }
    : { trainers: 'all', reason: `${words}: sharded over the workers` };
}
