/**
 * Who trains on direction features: every worker a shard of each batch, or one worker alone while the others
 * already extract the features of the test images. Two barriers a step cost about as much as a small batch itself.
 */
import type { Config } from '../config/schema.js';
import type { DirectionShape } from '../directions/spec.js';

export interface Team {
  readonly trainers: 'one' | 'all';
  /** In words, for the plan and the log. */
  readonly reason: string;
}

/** Rough costs of one core; only their ratios matter. */
const flopPerMicrosecond = 40_000;
/** Of a barrier with its imbalance; far more where a neighbour takes a core away now and then. */
const barrierMicroseconds = 7;

/** Multiply-adds to make the components of an image. */
const projection = ({ features, components }: DirectionShape) => features * components;

/** Microseconds of one step on one core: ten logits forward and backward. */
export const stepMicroseconds = (batch: number, shape: DirectionShape): number =>
  (batch * (40 * shape.inputs + 2 * projection(shape))) / flopPerMicrosecond;

/** Microseconds to extract the features of one image on one core. */
export const extractionMicroseconds = ({ grid, allRows, sobel, pool }: DirectionShape): number =>
  (0.35 + 0.08 * Number(allRows) + 0.04 * Number(sobel) + 0.04 * (pool - 4)) * (grid / 12) ** 2;

/** Microseconds to classify one image on one core. */
export const evaluationMicroseconds = (shape: DirectionShape): number =>
  (20 * shape.inputs + 2 * projection(shape)) / flopPerMicrosecond;

/** Judged without a look at the thread count, so that every one computes the same bits. */
export function chooseTeam(
  batch: number,
  optimizer: Config['optimizer']['name'],
  shape: DirectionShape,
): Team {
  if (optimizer !== 'sgd') return { trainers: 'all', reason: `a step of ${optimizer} is not fused` };
  const step = stepMicroseconds(batch, shape);
  const words = `a batch of ${batch} is ${step.toFixed(1)} µs of work`;
  return step / 2 < 2 * barrierMicroseconds
    ? { trainers: 'one', reason: `${words}, two barriers cost more than sharding it gains` }
    : { trainers: 'all', reason: `${words}: sharded over the workers` };
}
