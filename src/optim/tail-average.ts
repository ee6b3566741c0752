/**
 * Tail averaging: a run's last weights are replaced by the average of those along its last steps (Polyak & Juditsky
 * 1992; of neural networks, stochastic weight averaging, Izmailov et al. 2018).
 */
import type { Config } from '../config/schema.js';

export class TailAverage {
  readonly #totalSteps: number;
  /** Steps after it are the tail. */
  readonly #before: number;
  readonly #every: number;
  #sums: Float64Array | null = null;
  #count = 0;

  /** The last ⌈share · totalSteps⌉ steps, every `every`th of them counted back from the last one. */
  constructor(totalSteps: number, share: number, every: number) {
    this.#totalSteps = totalSteps;
    this.#before = totalSteps - Math.ceil(share * totalSteps);
    this.#every = every;
  }

  /** The first step after `step` whose weights are wanted; steps count from 1. */
  next(step: number): number {
    const first = Math.max(step, this.#before) + 1;
    return this.#totalSteps - this.#every * Math.floor((this.#totalSteps - first) / this.#every);
  }

  /** Whether the weights after `step` are wanted. */
  wants(step: number): boolean {
    return this.next(step - 1) === step;
  }

  add(weights: Float32Array): void {
    const sums = this.#sums ?? new Float64Array(weights.length);
    for (let i = 0; i < sums.length; i++) sums[i] += weights[i];
    this.#sums = sums;
    this.#count++;
  }

  /** Overwrites `weights` with the average of what was added. */
  writeTo(weights: Float32Array): void {
    const sums = this.#sums;
    if (sums === null) throw new Error('there are no weights to average');
    for (let i = 0; i < sums.length; i++) weights[i] = sums[i] / this.#count;
  }
}

/** Null where a run ends with the weights of its last step. */
export function tailAverageOf(
  { tailAverage, tailEvery }: Config['train'],
  totalSteps: number,
): TailAverage | null {
  return tailAverage === 0 ? null : new TailAverage(totalSteps, tailAverage, tailEvery);
}
