/**
 * Tail averaging: a run's last weights are replaced by the average of those along its last steps (Polyak & Juditsky
 * 1992; for neural networks, stochastic weight averaging, Izmailov et al. 2018).
 */
import type { Config } from '../config/schema.js';

/** The averaged steps: every `every`th after `before`, counted back from the last. */
export interface Tail {
  readonly totalSteps: number;
  readonly before: number;
  readonly every: number;
}

/** The sums so far. */
export interface TailSums {
  readonly sums: Float64Array;
  readonly count: number;
}

/** The last ⌈share · totalSteps⌉ steps, every `every`th of them. */
export const tailOf = (totalSteps: number, share: number, every: number): Tail => ({
  totalSteps,
  before: totalSteps - Math.ceil(share * totalSteps),
  every,
});

/** Null if a run ends with the weights of its last step. */
export function configuredTail({ tailAverage, tailEvery }: Config['train'], totalSteps: number): Tail | null {
  return tailAverage === 0 ? null : tailOf(totalSteps, tailAverage, tailEvery);
}

/** The first step after `step` whose weights are averaged; steps count from 1. */
export function nextInTail({ totalSteps, before, every }: Tail, step: number): number {
  const first = Math.max(step, before) + 1;
  return totalSteps - every * Math.floor((totalSteps - first) / every);
}

/** Whether the weights after `step` are averaged. */
export const isInTail = (tail: Tail, step: number): boolean => nextInTail(tail, step - 1) === step;

/** Adds to the sums in place. */
export function addToTail(added: TailSums | null, weights: Float32Array): TailSums {
  const sums = added?.sums ?? new Float64Array(weights.length);
  for (let i = 0; i < sums.length; i++) sums[i] += weights[i];
  return { sums, count: (added?.count ?? 0) + 1 };
}

/** Overwrites `weights` with the average. */
export function writeAverage({ sums, count }: TailSums, weights: Float32Array): void {
  for (let i = 0; i < sums.length; i++) weights[i] = sums[i] / count;
}
