/**
 * Who trains on direction features: every worker a shard of each batch, or one worker alone while the others
 * already extract the features of the test images. Two barriers a step cost about as much as a small batch itself.
 */
import type { Config } from '../config/schema.js';
import { directionFeatureCount } from '../directions/spec.js';

export interface Team {
  readonly trainers: 'one' | 'all';
  /** In words, for the plan and the log. */
  readonly reason: string;
}

/** Rough costs of one core; only their ratios matter. */
const flopPerMicrosecond = 40_000;
const barrierMicroseconds = 2;

/** Microseconds of one step on one core: ten logits forward and backward. */
export const stepMicroseconds = (batch: number): number =>
  (batch * 40 * directionFeatureCount) / flopPerMicrosecond;

/** Microseconds to extract the features of one image on one core. */
export const extractionMicroseconds = (grid: number): number => 0.35 * (grid / 12) ** 2;

/** Microseconds to classify one image on one core. */
export const evaluationMicroseconds = (20 * directionFeatureCount) / flopPerMicrosecond;

/** Judged by the batch alone, so that every thread count computes the same bits. */
export function chooseTeam(batch: number, optimizer: Config['optimizer']['name']): Team {
  if (optimizer !== 'sgd') return { trainers: 'all', reason: `a step of ${optimizer} is not fused` };
  const step = stepMicroseconds(batch);
  const words = `a batch of ${batch} is ${step.toFixed(1)} µs of work`;
  return step / 2 < 2 * barrierMicroseconds
    ? { trainers: 'one', reason: `${words}, two barriers cost more than sharding it gains` }
    : { trainers: 'all', reason: `${words}: sharded over the workers` };
}
